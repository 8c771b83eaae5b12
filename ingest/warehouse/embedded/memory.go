package embedded

import (
	"io/fs"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
)

// defaultMemoryBytes returns half of the memory of the machine or of the
// tightest control group around this process, at least 1 GiB. An unreadable
// file counts as no limit. root is the machine's file system.
func defaultMemoryBytes(root fs.FS) uint64 {
	const floor = 1 << 30
	total := min(memTotal(readText(root, "proc/meminfo")), groupLimit(root))
	if total == math.MaxUint64 {
		return floor
	}
	return max(total/2, floor)
}

func readText(root fs.FS, name string) string {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return ""
	}
	return string(text)
}

// memTotal reads "MemTotal:  24567890 kB" (proc_meminfo(5)); it returns the
// largest number if the line is missing.
func memTotal(meminfo string) uint64 {
	for line := range strings.Lines(meminfo) {
		fields := strings.Fields(line)
		if len(fields) >= 2 && fields[0] == "MemTotal:" {
			if kilobytes, err := strconv.ParseUint(fields[1], 10, 64); err == nil {
				return kilobytes << 10
			}
		}
	}
	return math.MaxUint64
}

// groupLimit returns the lowest memory limit, in bytes, of the control groups
// around this process, of either version; the largest number without a limit
// (https://docs.kernel.org/admin-guide/cgroup-v2.html,
// .../cgroup-v1/memory.html).
func groupLimit(root fs.FS) uint64 {
	lowest := uint64(math.MaxUint64)
	groups := readText(root, "proc/self/cgroup")
	for mount := range strings.Lines(readText(root, "proc/self/mountinfo")) {
		hierarchy, ok := parseHierarchy(mount)
		if !ok {
			continue
		}
		group, ok := ownGroup(groups, hierarchy.version)
		if !ok {
			continue
		}
		// A container may see only its own part of the hierarchy.
		if inside, ok := strings.CutPrefix(group, hierarchy.top); ok && hierarchy.top != "/" {
			group = inside
		}
		files := map[int][]string{1: {"memory.limit_in_bytes"}, 2: {"memory.max", "memory.high"}}[hierarchy.version]
		for at := path.Join("/", group); ; at = path.Dir(at) {
			for _, file := range files {
				// "max" and the largest page-aligned number mean no limit; the lower one wins in any case.
				text := strings.TrimSpace(readText(root, strings.TrimPrefix(path.Join(hierarchy.point, at, file), "/")))
				if limit, err := strconv.ParseUint(text, 10, 64); err == nil {
					lowest = min(lowest, limit)
				}
			}
			if at == "/" {
				break
			}
		}
	}
	return lowest
}

// hierarchy is a mounted tree of control groups that limits memory.
type hierarchy struct {
	version    int
	top, point string // the mounted group, and its mount point
}

// parseHierarchy reads a line of /proc/self/mountinfo (proc_pid_mountinfo(5)).
func parseHierarchy(line string) (hierarchy, bool) {
	before, after, ok := strings.Cut(line, " - ")
	mount, system := strings.Fields(before), strings.Fields(after)
	if !ok || len(mount) < 5 || len(system) < 3 {
		return hierarchy{}, false
	}
	h := hierarchy{top: mount[3], point: mount[4]}
	switch {
	case system[0] == "cgroup2":
		h.version = 2
	case system[0] == "cgroup" && slices.Contains(strings.Split(system[2], ","), "memory"):
		h.version = 1
	}
	return h, h.version != 0
}

// ownGroup finds the group of this process in /proc/self/cgroup (cgroups(7)).
func ownGroup(groups string, version int) (string, bool) {
	for line := range strings.Lines(groups) {
		parts := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(parts) != 3 {
			continue
		}
		if version == 2 && parts[1] == "" || version == 1 && slices.Contains(strings.Split(parts[1], ","), "memory") {
			return parts[2], true
		}
	}
	return "", false
}
