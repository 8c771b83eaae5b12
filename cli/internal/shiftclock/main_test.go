package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestTheClockIsShiftedAsAsked compares time.Now with the clock of the file
// system, which no overlay moves.
func TestTheClockIsShiftedAsAsked(t *testing.T) {
	days, _ := strconv.Atoi(os.Getenv(DaysVariable))
	file := filepath.Join(t.TempDir(), "now")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	ahead := time.Now().AddDate(0, 0, -days).Sub(info.ModTime())
	if ahead.Abs() > 2*time.Hour { // a summer time may begin in between
		t.Errorf("the clock is %v from the one asked for, %d days ahead", ahead, days)
	}
}

func TestOnlyTheWallClockIsShifted(t *testing.T) {
	deadline := time.Now().Add(time.Hour)
	if left := time.Until(deadline); left > time.Hour || left < 59*time.Minute {
		t.Errorf("an hour from now is in %v", left)
	}
}

func TestAnUnknownClockFails(t *testing.T) {
	for _, c := range []struct{ name, text string }{
		{"nothing", ""},
		{"another beginning", "package time\n\nfunc Now() Time {\n\treturn Time{}\n}\n"},
		{"two of them", strings.Repeat("func Now() Time {\n\tsec, nsec, mono := now()\n}\n", 2)},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := shift([]byte(c.text)); err == nil {
				t.Errorf("shifted to %q", got)
			}
		})
	}
}

// TestTheOverlayMovesTheClock needs the go command, as everything here does.
func TestTheOverlayMovesTheClock(t *testing.T) {
	overlay, err := run([]string{t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "build", "-overlay", overlay, "time")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("package time with the overlay: %v\n%s", err, out)
	}
}
