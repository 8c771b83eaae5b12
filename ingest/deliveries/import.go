package deliveries

import (
	"cmp"
	"context"
	"io"
	"slices"

	"golang.org/x/sync/errgroup"
)

// Adder is a Store or a Committer.
type Adder interface {
	Add(ctx context.Context, events []Event) ([]Fate, error)
}

// Fault is a faulty row.
type Fault struct {
	Line   int    `json:"line"`
	Reason string `json:"reason"` // nothing personal
}

// maxFaults is the longest Outcome.Faults.
const maxFaults = 20

// Outcome counts the results of a text.
type Outcome struct {
	Format   Format         `json:"format"`
	Stored   int            `json:"stored"`
	Repeated int            `json:"repeated"` // already stored, or repeated in the text
	Waiting  int            `json:"waiting"`  // stored until their message is registered
	Faulty   int            `json:"faulty"`
	Opens    int            `json:"opens_left_out"`  // the source's own
	Others   int            `json:"others_left_out"` // of other mail, or of kinds that are not stored
	Unnamed  int            `json:"-"`               // part of Others: a recipient without a campaign
	Reasons  map[string]int `json:"reasons"`         // of the faulty rows
	Faults   []Fault        `json:"faults"`          // the first
}

// Events returns the number of records that were events of glint's messages.
func (o *Outcome) Events() int { return o.Stored + o.Repeated + o.Waiting }

// Nothing reports whether the text contained no event of any mail.
func (o *Outcome) Nothing() bool { return o.Events()+o.Opens+o.Others == 0 }

// chunk is the number of events that are added together, since each insert is synced to
// disk.
const chunk = 200_000

// maxReasons is the number of reasons that are counted separately.
const maxReasons = 50

func (o *Outcome) fault(line int, reason string) {
	o.Faulty++
	if len(o.Reasons) < maxReasons || o.Reasons[reason] > 0 {
		o.Reasons[reason]++
	}
	if len(o.Faults) < maxFaults {
		o.Faults = append(o.Faults, Fault{line, reason})
	}
}

func (o *Outcome) add(fates []Fate) {
	for _, f := range fates {
		switch f {
		case Stored:
			o.Stored++
		case Repeated:
			o.Repeated++
		case Waiting:
			o.Waiting++
		}
	}
}

// Import reads a text and adds its events in chunks, each while the next one is
// read. It calls progress, unless nil, with the number of events done. After an
// error the outcome counts the events that are known to be stored; importing the same text
// again is harmless and completes it.
func Import(ctx context.Context, to Adder, in io.Reader, o Options, progress func(events int)) (Outcome, error) {
	read := Outcome{Reasons: map[string]int{}, Faults: []Fault{}}
	var added Outcome
	chunks := make(chan []Event, 1)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		for events := range chunks {
			fates, err := to.Add(ctx, events)
			if err != nil {
				return err
			}
			added.add(fates)
			if progress != nil {
				progress(len(events))
			}
		}
		return nil
	})
	g.Go(func() (err error) {
		defer close(chunks)
		var events []Event
		give := func() error {
			select {
			case chunks <- events:
				events = make([]Event, 0, chunk)
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		read.Format, err = Read(in, o, func(r *Record) error {
			switch {
			case r.Fault != "":
				read.fault(r.Line, r.Fault)
			case r.Left == LeftOpen:
				read.Opens++
			case r.Left != "":
				read.Others++
				if r.Left == LeftUnnamed {
					read.Unnamed++
				}
			default:
				if events = append(events, r.Event); len(events) == chunk {
					return give()
				}
			}
			return nil
		})
		if err == nil && len(events) > 0 {
			err = give()
		}
		return err
	})
	err := g.Wait()
	read.Stored, read.Repeated, read.Waiting = added.Stored, added.Repeated, added.Waiting
	slices.SortStableFunc(read.Faults, func(a, b Fault) int { return cmp.Compare(a.Line, b.Line) })
	return read, err
}
