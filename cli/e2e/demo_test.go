package e2e_test

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
)

// TestDemoShowsItsReportAndIsNotDoubled runs the demo twice on the same data,
// by the standalone pixel, and once by the edge program.
func TestDemoShowsItsReportAndIsNotDoubled(t *testing.T) {
	home := newHome(t)
	first := playDemo(t, home)
	second := playDemo(t, home)
	if first != second {
		t.Errorf("the second run changed the report:\n%s\n%s", first, second)
	}
	byEdge := playDemo(t, newHome(t), "--edge", "--edge-wasm", wasm)
	if got, want := numbers(byEdge), numbers(first); got != want {
		t.Errorf("the edge program gives other numbers:\n%s\nwant\n%s", got, want)
	}
}

// playDemo returns the printed report.
func playDemo(t *testing.T, home string, args ...string) string {
	t.Helper()
	i := up(t, home, append([]string{"--demo"}, args...)...)
	eventually(t, "the demo's report", func() bool { return strings.Contains(i.stderr.String(), "What to try next") })
	if r := i.report(t, "demo"); fmt.Sprint(r["sends"]) != "1000" {
		t.Errorf("the demo has %v sends, want 1000", r["sends"])
	}
	if code := i.stop(t, syscall.SIGINT); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	_, report, _ := strings.Cut(i.stdout.String(), "\n")
	if !strings.Contains(report, "MPP-adjusted open rate") {
		t.Errorf("no report on stdout:\n%s", report)
	}
	return report
}

// numbers leaves out what differs between two campaigns: id and times.
func numbers(report string) string {
	var kept []string
	for line := range strings.Lines(report) {
		if !strings.HasPrefix(line, "Campaign") && !strings.Contains(line, " UTC") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}
