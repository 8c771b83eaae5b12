package embedded

import (
	"os"
	"strconv"
	"strings"
)

// defaultMemoryBytes is half of what the machine or the control group has, at
// least 1 GiB. A file that cannot be read counts as "no limit known".
func defaultMemoryBytes(meminfo, cgroupMax string) uint64 {
	const floor = 1 << 30
	total := uint64(0)
	if text, err := os.ReadFile(meminfo); err == nil {
		total = memTotal(string(text))
	}
	if text, err := os.ReadFile(cgroupMax); err == nil {
		// The file says "max" where the group has no limit.
		limit, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
		if err == nil && (total == 0 || limit < total) {
			total = limit
		}
	}
	return max(total/2, floor)
}

// memTotal reads "MemTotal:  24567890 kB" (proc_meminfo(5)); 0 if it is not there.
func memTotal(meminfo string) uint64 {
	for line := range strings.Lines(meminfo) {
		fields := strings.Fields(line)
		if len(fields) >= 2 && fields[0] == "MemTotal:" {
			kilobytes, err := strconv.ParseUint(fields[1], 10, 64)
			if err != nil {
				return 0
			}
			return kilobytes << 10
		}
	}
	return 0
}
