// Command shiftclock writes an overlay for the go command in which the clock
// of package time runs ahead, and prints the overlay's path:
//
//	GLINT_TEST_CLOCK_DAYS=400 go test -overlay "$(go run ./cli/internal/shiftclock bin/clock)" ./...
//
// time.Now is then ahead by so many days as the environment says when a
// program starts; only the wall clock moves, so that timers and deadlines keep
// their lengths. One overlay serves every shift, so the standard library is
// compiled once more, not once per shift. Files, the kernel and programs that
// were built without the overlay keep the real time.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// DaysVariable is the environment variable that holds the shift in days.
const DaysVariable = "GLINT_TEST_CLOCK_DAYS"

// nowBegins is the beginning of time.Now, up to the reading of the clock.
var nowBegins = regexp.MustCompile(`(?m)^func Now\(\) Time \{\n\tsec, nsec, mono := \w+\(\)\n`)

// shiftSource is one more file of package time. Package syscall is what time
// itself reads TZ with.
const shiftSource = `package time

import "syscall"

var shiftSeconds = func() (seconds int64) {
	days, _ := syscall.Getenv("` + DaysVariable + `")
	for _, digit := range []byte(days) {
		if digit < '0' || digit > '9' || seconds > 1<<32 {
			panic("` + DaysVariable + ` is no number of days: " + days)
		}
		seconds = 10*seconds + int64(digit-'0')
	}
	return seconds * 24 * 60 * 60
}()
`

func main() {
	path, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "shiftclock:", err)
		os.Exit(1)
	}
	fmt.Println(path)
}

func run(args []string) (string, error) {
	if len(args) != 1 {
		return "", errors.New("usage: shiftclock DIR")
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("ask for GOROOT: %w", err)
	}
	return write(args[0], filepath.Join(strings.TrimSpace(string(root)), "src", "time"))
}

// write writes the overlay of the package time in source into dir and returns
// the absolute path of the overlay's description.
func write(dir, source string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	text, err := os.ReadFile(filepath.Join(source, "time.go"))
	if err != nil {
		return "", err
	}
	shifted, err := shift(text)
	if err != nil {
		return "", fmt.Errorf("shift the clock of %s: %w", source, err)
	}
	replace := map[string]string{}
	for name, text := range map[string][]byte{"time.go": shifted, "shift.go": []byte(shiftSource)} {
		replace[filepath.Join(source, name)] = filepath.Join(dir, name)
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return "", err
		}
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, overlay, 0o644)
}

// shift returns the text of time.go with a Now that is ahead. It fails where
// Now does not begin as it is known to: an overlay without effect would let
// every test pass.
func shift(text []byte) ([]byte, error) {
	found := nowBegins.FindAllIndex(text, -1)
	if len(found) != 1 {
		return nil, fmt.Errorf("time.Now begins %d times as expected, want once", len(found))
	}
	end := found[0][1]
	return append(append(append([]byte{}, text[:end]...), "\tsec += shiftSeconds\n"...), text[end:]...), nil
}
