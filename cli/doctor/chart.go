package doctor

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"glint/cli/internal/output"
)

// status is the outcome of a check.
type status string

// The outcomes. Only a failure changes the exit code.
const (
	ok   status = "ok"
	warn status = "warn"
	fail status = "fail" // FAIL in the table, to stand out
)

// result is one finding. Its fields are a contract of --format json.
type result struct {
	Status  status `json:"status"`
	Check   string `json:"check"`
	Finding string `json:"finding"`
}

// chart collects the results. In the table form it prints each at once, since a
// check may take a minute.
type chart struct {
	w       io.Writer
	json    bool
	results []result
	delay   *float64 // of the test open, in seconds; nil: the open was not seen
	err     error
}

func newChart(o *options) *chart {
	return &chart{w: o.app.Out, json: o.format == "json", results: []result{}}
}

// widest is the length of the longest name of a check.
const widest = len("pixel garbage token")

func (r *chart) add(s status, check, format string, args ...any) {
	// A finding may quote a server.
	finding := output.Safe(fmt.Sprintf(format, args...))
	r.results = append(r.results, result{s, check, finding})
	if r.json || r.err != nil {
		return
	}
	word := string(s)
	if s == fail {
		word = "FAIL"
	}
	_, r.err = fmt.Fprintf(r.w, "%-4s  %-*s  %s\n", word, widest, check, finding)
}

// say adds ok with the finding, or fail with the fault. A check that was left out adds nothing.
func (r *chart) say(check string, fault error, finding string, args ...any) {
	if errors.Is(fault, errSilent) {
		return
	}
	if fault != nil {
		r.add(fail, check, "%v", fault)
		return
	}
	r.add(ok, check, finding, args...)
}

func (r *chart) failed() (n int) {
	for _, x := range r.results {
		if x.Status == fail {
			n++
		}
	}
	return n
}

// finish prints the JSON form.
func (r *chart) finish() error {
	if !r.json || r.err != nil {
		return r.err
	}
	e := json.NewEncoder(r.w)
	e.SetIndent("", "  ")
	return e.Encode(struct {
		OK        bool     `json:"ok"`
		OpenDelay *float64 `json:"open_delay_seconds"`
		Checks    []result `json:"checks"`
	}{r.failed() == 0, r.delay, r.results})
}
