// Package delivery follows posted lines until their outcomes are known, and
// prints these: lines stored, not lines accepted.
//
// A command passes ingest's answers to it and then waits. It keeps only the
// numbers of records, as ranges; ingest looks up the outcomes in its receipts.
package delivery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/ingest/batch"
	"glint/ingest/logstream"
	"glint/ingest/receipts"
)

// Delivery holds the bodies of one command that ingest has on disk. It is safe
// for concurrent use.
type Delivery struct {
	// Poster returns the ingest to ask. A restarted instance may have another
	// address.
	Poster   func() (*logstream.Poster, error)
	Patience time.Duration // longest time without any line reaching the warehouse
	Notes    io.Writer

	mu      sync.Mutex
	records map[uint64]bool
	lane    string
	since   time.Time
	lines   int
	unnamed int // lines of bodies without a record number in the answer
}

// Taken adds an answer.
func (d *Delivery) Taken(a logstream.Answer) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines += a.Lines
	if a.Record == 0 || a.Lane == "" || a.ReceivedAt.IsZero() {
		d.unnamed += a.Lines
		return
	}
	if d.records == nil {
		d.records = map[uint64]bool{}
	}
	d.records[a.Record], d.lane = true, a.Lane
	if d.since.IsZero() || a.ReceivedAt.Before(d.since) {
		d.since = a.ReceivedAt
	}
}

// ErrNothingStored means that no line of a delivery is an event in the
// warehouse.
var ErrNothingStored = errors.New("none of the lines is an event that was stored")

// Report waits until the outcomes of all lines are known, and prints them. It
// returns ErrNothingStored, with advice, if no line is an event.
func (d *Delivery) Report(ctx context.Context) error {
	if d.lines == 0 {
		return nil
	}
	all, err := d.Wait(ctx)
	if err != nil {
		return err
	}
	if d.unnamed > 0 {
		fmt.Fprintf(d.Notes, "ingest has %s on disk and does not say what becomes of them\n", output.Plural(d.unnamed, "line", "lines"))
	}
	if all.Lines > 0 {
		fmt.Fprintln(d.Notes, Sentence(&all))
	}
	if all.NotKept > 0 {
		fmt.Fprintf(d.Notes, "%s not kept: the sender has used up its room among the dead letters\n",
			output.Plural(all.NotKept, "dead letter was", "dead letters were"))
	}
	stored := 0
	for _, name := range inWarehouse {
		stored += all.Counts[name]
	}
	switch {
	case all.Unknown > 0:
		return app.Try(fmt.Errorf("ingest does not know what became of %s", output.Plural(all.Unknown, "body", "bodies")), "glint audit")
	case d.unnamed > 0:
		return nil
	case stored == all.Lines:
		fmt.Fprintln(d.Notes, "all of it is in the warehouse")
	case stored+all.Counts[receipts.Unresolved] == 0:
		return app.Try(ErrNothingStored, "glint log deadletters show, which says why")
	}
	return nil
}

// Sentence returns a sentence with the outcomes of lines.
func Sentence(o *logstream.Outcomes) string {
	var parts, dead []string
	deadLines := 0
	for _, name := range slices.Sorted(maps.Keys(o.Counts)) {
		if _, special := words[name]; !special {
			deadLines += o.Counts[name]
			dead = append(dead, output.Count(uint64(o.Counts[name]))+" "+name)
		}
	}
	for _, name := range append(slices.Clone(inWarehouse), receipts.Unresolved, string(batch.BadToken), string(batch.OverCap)) {
		if n := o.Counts[name]; n > 0 {
			parts = append(parts, output.Count(uint64(n))+" "+words[name])
		}
	}
	if deadLines > 0 {
		parts = append(parts, output.Plural(deadLines, "dead letter", "dead letters")+" ("+strings.Join(dead, ", ")+")")
	}
	return "of " + output.Plural(o.Lines, "line", "lines") + ": " + strings.Join(parts, ", ")
}

// inWarehouse are the outcomes that need no attention.
var inWarehouse = []string{string(batch.Stored), receipts.Repeated, receipts.Aggregated, receipts.Withheld, receipts.LastOpen, receipts.Web}

// words describe the outcomes that are not dead letters.
var words = map[string]string{
	string(batch.Stored):   "stored",
	receipts.Repeated:      "repeated (stored before)",
	receipts.Unresolved:    "unregistered (waiting for their message)",
	receipts.Aggregated:    "counted without their recipient",
	receipts.Withheld:      "of recipients who are not measured (not kept)",
	receipts.LastOpen:      "of which at most a date is kept",
	string(batch.BadToken): "with a bad token",
	receipts.Web:           "page views or events",
	string(batch.OverCap):  "unregistered and not kept (too many wait already)",
}

// restartPatience is how long ingest may not answer, since it may be
// restarting.
const restartPatience = 30 * time.Second

// Limits of one question; see package receiver.
const (
	maxSpans   = 200
	maxRecords = 50_000
)

// Wait waits until all records are done and returns the outcomes of their
// lines. The lines are safe meanwhile.
func (d *Delivery) Wait(ctx context.Context) (all logstream.Outcomes, err error) {
	all.Counts = map[string]int{}
	w := waiting{Delivery: d, left: -1, began: time.Now()}
	w.moved, w.answered = w.began, w.began
	records := slices.Sorted(maps.Keys(d.records))
	for len(records) > 0 {
		question, n := spans(records)
		o, err := w.ask(ctx, question)
		if err != nil {
			return all, err
		}
		if o.Records+o.Unknown != n {
			return all, fmt.Errorf("ask for outcomes: ingest answered of %d records, asked of %d", o.Records+o.Unknown, n)
		}
		all.Records += o.Records
		all.Unknown += o.Unknown
		all.Lines += o.Lines
		all.NotKept += o.NotKept
		for name, lines := range o.Counts {
			all.Counts[name] += lines
		}
		records = records[n:]
	}
	return all, nil
}

// spans formats the first of the sorted records as ranges, and returns their
// number.
func spans(records []uint64) (text string, n int) {
	var list []string
	for n < min(len(records), maxRecords) && len(list) < maxSpans {
		first := n
		for n++; n < min(len(records), maxRecords) && records[n] == records[n-1]+1; n++ {
			continue
		}
		span := strconv.FormatUint(records[first], 10)
		if n > first+1 {
			span += "-" + strconv.FormatUint(records[n-1], 10)
		}
		list = append(list, span)
	}
	return strings.Join(list, ","), n
}

// waiting is one Wait.
type waiting struct {
	*Delivery
	left                          int // records that are pending
	began, moved, answered, noted time.Time
}

// The pauses between two questions grow from the first to the last, so that a
// long import is seldom asked about.
const (
	firstPoll = 100 * time.Millisecond
	lastPoll  = time.Second
)

// ask repeats the question until nothing in it is pending.
func (w *waiting) ask(ctx context.Context, records string) (logstream.Outcomes, error) {
	for pause := firstPoll; ; pause = min(pause+pause/8, lastPoll) {
		o, err := w.once(ctx, records)
		now := time.Now()
		switch {
		case ctx.Err() != nil:
			return o, ctx.Err()
		case err == nil && o.Pending == 0:
			w.moved, w.answered, w.left = now, now, -1
			return o, nil
		case err != nil && (!logstream.RetryablePost(err) || now.Sub(w.answered) > min(w.Patience, restartPatience)):
			return o, app.Try(fmt.Errorf("ask what became of the lines: %w", err), advice(err))
		case err == nil:
			w.answered = now
			if o.Pending != w.left {
				w.left, w.moved = o.Pending, now
			}
		}
		if now.Sub(w.moved) > w.Patience {
			return o, app.Try(errors.New("the warehouse takes no lines; they wait in the log"), "see what glint logs about batches")
		}
		if w.left > 0 && now.Sub(w.began) > 2*time.Second && now.Sub(w.noted) > 10*time.Second {
			w.noted = now
			fmt.Fprintln(w.Notes, "waiting for the warehouse:", output.Plural(w.left, "body is", "bodies are"), "left")
		}
		select {
		case <-ctx.Done():
			return o, ctx.Err()
		case <-time.After(pause):
		}
	}
}

func advice(err error) string {
	if s, ok := errors.AsType[*logstream.StatusError](err); ok && s.Status == http.StatusNotFound {
		return "take a newer glint there; ingest has the lines on disk"
	}
	return "see that glint runs; ingest has the lines on disk, and they get into the warehouse once it does"
}

func (w *waiting) once(ctx context.Context, records string) (logstream.Outcomes, error) {
	poster, err := w.Poster()
	if err != nil {
		return logstream.Outcomes{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return poster.Outcomes(ctx, w.lane, w.since, records)
}
