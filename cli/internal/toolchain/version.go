package toolchain

import (
	"fmt"
	"regexp"
	"strconv"
)

// version is major, minor and patch. Suffixes such as "-dev" are ignored.
type version [3]int

func (v version) String() string { return fmt.Sprintf("%d.%d.%d", v[0], v[1], v[2]) }

func (v version) less(w version) bool {
	for i := range v {
		if v[i] != w[i] {
			return v[i] < w[i]
		}
	}
	return false
}

var versionPattern = regexp.MustCompile(`(\d{1,9})\.(\d{1,9})(?:\.(\d{1,9}))?`)

// parseVersion reads the first "1.2" or "1.2.3" in a text such as
// "tinygo version 0.41.1 linux/amd64 (using go version go1.26.8)".
func parseVersion(text string) (v version, ok bool) {
	match := versionPattern.FindStringSubmatch(text)
	if match == nil {
		return v, false
	}
	for i, digits := range match[1:] {
		if digits != "" {
			v[i], _ = strconv.Atoi(digits) // nine digits always fit
		}
	}
	return v, true
}
