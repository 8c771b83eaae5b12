package report

import (
	"context"
	"io"
	"testing"
	"time"

	"glint/cli/internal/app"
)

func TestParsing(t *testing.T) {
	a := &app.App{Out: io.Discard, Err: io.Discard}
	for _, c := range []struct {
		name string
		args []string
		want Options
		code int
	}{
		{"a name", []string{"spring"}, Options{App: a, Campaign: "spring", Format: "table", Zone: time.UTC}, 0},
		{"all", []string{"spring", "--format", "json", "--warehouse", "http://h"}, Options{App: a, Campaign: "spring", Format: "json", Zone: time.UTC, DSN: "http://h"}, 0},
		{"now", []string{"spring", "--fresh"}, Options{App: a, Campaign: "spring", Format: "table", Zone: time.UTC, Fresh: true}, 0},
		{"two names", []string{"a", "b"}, Options{App: a, Campaign: "a", Other: "b", Format: "table", Zone: time.UTC}, 0},
		{"a trend", []string{"--since", "12w"}, Options{App: a, Since: 84 * 24 * time.Hour, Format: "table", Zone: time.UTC}, 0},
		{"recency", []string{"--recency"}, Options{App: a, Recency: true, Format: "table", Zone: time.UTC}, 0},
		{"definitions", []string{"a", "--explain"}, Options{App: a, Campaign: "a", Explain: true, Format: "table", Zone: time.UTC}, 0},
		{"no name", nil, Options{App: a, Format: "table", Zone: time.UTC}, 0},
		{"an empty name", []string{""}, Options{}, app.ExitUsage},
		{"a page of no campaign", []string{"--format", "html"}, Options{}, app.ExitUsage},
		{"a page of two", []string{"a", "b", "--format", "html"}, Options{}, app.ExitUsage},
		{"no zone", []string{"a", "--tz", "Moon/Sea"}, Options{}, app.ExitUsage},
		{"three names", []string{"a", "b", "c"}, Options{}, app.ExitUsage},
		{"a trend of one", []string{"a", "--since", "90d"}, Options{}, app.ExitUsage},
		{"definitions of two", []string{"a", "b", "--explain"}, Options{}, app.ExitUsage},
		{"a period without a unit", []string{"--since", "90"}, Options{}, app.ExitUsage},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got Options
			cmd := NewCmd(a, func(_ context.Context, o *Options) error { got = *o; return nil })
			cmd.SilenceErrors, cmd.SilenceUsage = true, true
			cmd.SetFlagErrorFunc(app.UsageOf)
			cmd.SetArgs(append([]string{}, c.args...)) // nil means those of the test binary
			err := cmd.Execute()
			if code := app.Report(io.Discard, err); code != c.code || got != c.want {
				t.Errorf("%+v, exit code %d; want %+v, %d", got, code, c.want, c.code)
			}
		})
	}
}
