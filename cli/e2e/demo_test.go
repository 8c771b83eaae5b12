package e2e_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// TestDemoShowsItsReportAndIsNotDoubled runs the demo twice on the same data,
// by the standalone pixel, and once by the edge program.
func TestDemoShowsItsReportAndIsNotDoubled(t *testing.T) {
	home := newHome(t)
	first := playDemo(t, home)
	for line := range strings.Lines(readmeExcerpt(t)) {
		if !strings.Contains(first, line) {
			t.Errorf("the README shows a line that the demo does not print:\n%s", line)
		}
	}
	second := playDemo(t, home)
	if counted.ReplaceAllString(first, "") != counted.ReplaceAllString(second, "") {
		t.Errorf("the second run changed the report:\n%s\n%s", first, second)
	}
	byEdge := playDemo(t, newHome(t), "--edge", "--edge-wasm", wasm)
	if got, want := numbers(byEdge), numbers(first); got != want {
		t.Errorf("the edge program gives other numbers:\n%s\nwant\n%s", got, want)
	}
}

// readmeExcerpt returns what the README shows of the demo's report: its first
// block without a language.
func readmeExcerpt(t *testing.T) string {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(readme), "\n```\n")
	excerpt, _, found := strings.Cut(after, "```\n")
	if !found || excerpt == "" {
		t.Fatal("the README shows nothing of the demo")
	}
	return excerpt
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
	if !strings.Contains(report, "OPEN RATE") {
		t.Errorf("no report on stdout:\n%s", report)
	}
	return report
}

// numbers leaves out what differs between two campaigns: id, times, and the hours
// of the clock.
func numbers(report string) string {
	before, rest, _ := strings.Cut(report, "ON WHICH WEEKDAY")
	_, after, _ := strings.Cut(rest, "\n\n")
	var kept []string
	for line := range strings.Lines(before + after) {
		if !strings.HasPrefix(line, "Campaign") && !strings.Contains(line, " UTC") {
			kept = append(kept, campaignID.ReplaceAllString(line, "ID"))
		}
	}
	return strings.Join(kept, "")
}

var counted = regexp.MustCompile(`counted \S+ \S+ UTC`)

var campaignID = regexp.MustCompile(`\b\d{15,20}\b`)
