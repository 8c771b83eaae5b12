// Package audit accounts for every event that ingest has accepted. It compares two
// independent sources: the receipts, in which ingest notes the outcome of each record
// of its log, and the tables of the warehouse. It compares event by event, so that a
// repeat of one cannot hide the loss of another.
//
// It changes nothing and may run beside the service. The log and the tables change
// meanwhile, so the order of reading matters; each step relies on the one before it:
//
//  1. the acknowledged record of each lane: records up to it have their receipts
//  2. the log: a record that was acknowledged and deleted since has its receipt, too
//  3. the receipts: each was written after its events were in the warehouse
//  4. opens, for events received in the same hour; then, for the rest only:
//  5. unresolved_opens: an event that has left since is in opens
//  6. opens
//
// So an event in transit is found at its old or its new place, and never
// counts as missing. A record that is in the log and has no receipt waits.
//
// If several ingest nodes share a warehouse, the audit accounts for the events of each node,
// and looks for the lines of the live stream at all nodes.
//
// The audit trusts the receipts about bad tokens, dead letters and opens over
// the cap: they are counts without keys. Memory is bounded: the receipts' heads
// of one hour and a few million keys at a time, whatever the hour holds.
package audit

import (
	"context"
	"errors"
	"slices"
	"time"

	"glint/edge/token"
	"glint/ingest/archive"
	"glint/ingest/receipts"
	"glint/ingest/warehouse"
)

// ErrNoReceipts is returned if ingest has never written receipts for that log.
var ErrNoReceipts = errors.New("audit: no receipts")

// ErrOutrun is returned if old receipts were repeatedly deleted during the audit.
var ErrOutrun = errors.New("audit: the oldest receipts are removed faster than they can be compared")

// Warehouse is the part of *warehouse.Warehouse that the audit uses.
type Warehouse interface {
	ReceivedEvents(ctx context.Context, from, until time.Time, part, parts uint64, visit func(event uint64)) error
	UnresolvedEvents(ctx context.Context, events []uint64) ([]uint64, error)
	MissingOpens(ctx context.Context, events []uint64) ([]uint64, error)
	BadTokenCounts(ctx context.Context) ([]warehouse.BadTokenCount, error)
}

// Options configure an audit.
type Options struct {
	// Nodes are the ingest nodes to audit: one, or several of the same warehouse.
	Nodes     []Node
	Warehouse Warehouse
	Since     time.Time // of receipt; zero: from the first receipt on
	Until     time.Time // before this; zero: until now
	// Archive are files of archived lines, to estimate the loss of the live
	// stream; none: no estimate. Ring has the keys that verify their tokens.
	Archive []archive.File
	Ring    *token.Ring
	// Progress is called at the start of each stage with its size, and returns the
	// function that is called with the size of each finished part. nil: not called.
	Progress func(verb string, total int) func(n int)
	// Missing is called with events of an hour and a source that are nowhere, as soon as
	// that is known: several times, with other ones each time. nil: not called.
	Missing func(ctx context.Context, hour time.Time, source string, events []uint64) error
	Now     func() time.Time // nil: time.Now

	maxKeys int // that are held at a time, about; 0: defaultMaxKeys
}

// Node is one ingest node.
type Node struct {
	Name   string // value of Row.Node; any, if there is only one node
	LogDir string // contains the lanes of the log, their batches, and the receipts
}

// defaultMaxKeys is a limit of about 130 MB, since each key is held twice.
const defaultMaxKeys = 8 << 20

// Row accounts for the lines of one hour, source and node:
//
//	Accepted = Repeats + InOpens + Unresolved + BadTokens + DeadLetters + OverCap + Web + LastOpen + Waiting + Missing
//	Events   = InOpens + Unresolved + Missing − Unexplained
//
// The json tags here, of Records, Result and LiveStream are a contract: cli/JSON.md.
type Row struct {
	Hour   time.Time `json:"hour" layout:"2006-01-02 15:04 UTC"`
	Source string    `json:"source"`
	Node   string    `json:"node"` // Node.Name of who received them
	Counts
}

// Counts are the numbers of a Row, in lines except for Events.
type Counts struct {
	Accepted    uint64 `json:"accepted"` // answered by 2xx
	Events      uint64 `json:"events"`   // distinct events that were stored according to receipts
	Repeats     uint64 `json:"repeats"`  // their event arrived before, in the same hour from the same source
	InOpens     uint64 `json:"in_opens"`
	Unresolved  uint64 `json:"unresolved"` // wait in unresolved_opens for the registration of their message
	BadTokens   uint64 `json:"bad_tokens"`
	DeadLetters uint64 `json:"dead_letters"`
	OverCap     uint64 `json:"over_cap"`              // opens of unregistered messages that were not kept, since there were too many
	Web         uint64 `json:"web"`                   // page views and custom events, which are not compared individually
	LastOpen    uint64 `json:"last_open"`             // opens of which at most a recipient's date is kept
	Waiting     uint64 `json:"waiting"`               // in the log, and not yet in the warehouse
	Missing     uint64 `json:"missing"`               // accepted, and nowhere
	Unexplained uint64 `json:"unexplained"`           // a part of Missing: lines without a receipt
	NotKept     uint64 `json:"dead_letters_not_kept"` // a part of DeadLetters: their source had used up its share
}

func (r *Counts) add(o *Counts) {
	r.Accepted += o.Accepted
	r.Events += o.Events
	r.Repeats += o.Repeats
	r.InOpens += o.InOpens
	r.Unresolved += o.Unresolved
	r.BadTokens += o.BadTokens
	r.DeadLetters += o.DeadLetters
	r.OverCap += o.OverCap
	r.Web += o.Web
	r.LastOpen += o.LastOpen
	r.Waiting += o.Waiting
	r.Missing += o.Missing
	r.Unexplained += o.Unexplained
	r.NotKept += o.NotKept
}

// Records is a range of consecutive records of a lane's log.
type Records struct {
	Node  string `json:"node"`
	Lane  string `json:"lane"`
	LogID string `json:"log_id"`
	First uint64 `json:"first_record"`
	Last  uint64 `json:"last_record"`
}

// Count returns the number of records.
func (r *Records) Count() uint64 { return r.Last - r.First + 1 }

// Result is the result of an audit.
type Result struct {
	Since time.Time  `json:"since"` // the audit covers lines received from this time on
	Until *time.Time `json:"until"` // and before this time; nil: until the audit ran
	Nodes []NodeSpan `json:"nodes"` // in the order of Options.Nodes
	Rows  []Row      `json:"rows"`  // by hour, source and node
	Total Counts     `json:"total"` // sum of Rows

	Lost             []Records `json:"lost_records"`            // neither in the log nor in a receipt: damaged
	WithoutReceipt   []Records `json:"records_without_receipt"` // in the log, acknowledged, and without receipt; their lines are Unexplained
	ReceiptDamages   int       `json:"receipt_damages"`         // damaged parts of the receipts
	ReceiptTornBytes int64     `json:"-"`                       // of writes that never returned; harmless

	Live     *LiveStream `json:"live_stream"` // nil: there was no archive
	Archived *Archived   `json:"archive"`     // the same

	// BadTokens are the stored bad tokens: of the last days, capped, without those
	// whose key was found later. Total.BadTokens counts all received ones.
	BadTokens []warehouse.BadTokenCount `json:"bad_tokens_kept"`
}

// Accounted reports whether the place of every accepted event is known. That includes
// events with a bad token, which count nowhere: a message of success must give their
// number.
func (r *Result) Accounted() bool {
	return r.Total.Missing == 0 && len(r.Lost) == 0 && len(r.WithoutReceipt) == 0 && r.ReceiptDamages == 0
}

// tries is the maximum number of restarts of an audit because receipts were deleted meanwhile.
const tries = 3

// Run audits. It returns ErrNoReceipts or ErrOutrun, or an error of the disk, of
// the warehouse or of the context. A difference is no error.
func Run(ctx context.Context, o Options) (*Result, error) {
	if o.Progress == nil {
		o.Progress = func(string, int) func(int) { return func(int) {} }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.maxKeys == 0 {
		o.maxKeys = defaultMaxKeys
	}
	for range tries {
		nodes, err := o.auditors()
		if err != nil {
			return nil, err
		}
		result, err := o.run(ctx, nodes)
		if err != nil {
			return nil, err
		}
		outrun := false
		for _, a := range nodes {
			since, err := receipts.Since(a.dir)
			if err != nil {
				return nil, err
			}
			outrun = outrun || since.After(a.since)
		}
		if !outrun {
			return result, nil
		}
	}
	return nil, ErrOutrun
}

// auditor audits one node.
type auditor struct {
	Options
	node   Node
	since  time.Time // nothing is said of what the node received before
	dir    string    // of the receipts
	shelf  *receipts.Reader
	lanes  []*lane
	result *Result // that of all nodes
}

// run accounts for the rows of this node.
func (a *auditor) run(ctx context.Context) error {
	var err error
	if a.lanes, err = a.readLog(ctx); err != nil {
		return err
	}
	if a.shelf, err = receipts.OpenReader(a.dir); err != nil {
		return err
	}
	events, err := a.survey(ctx)
	if err != nil {
		return err
	}
	done := a.Progress("compared events", events)
	for _, hour := range a.hours() {
		if err := a.hour(ctx, hour, done); err != nil {
			return err
		}
	}
	return nil
}

// within reports whether the audit covers records received at that time.
func (a *auditor) within(at time.Time) bool {
	return !at.Before(a.since) && (a.Until.IsZero() || at.Before(a.Until))
}

// hours returns the hours with receipts or waiting records that the audit covers, in
// order.
func (a *auditor) hours() []time.Time {
	hours := slices.Clone(a.shelf.Hours())
	for _, l := range a.lanes {
		for hour := range l.byHour {
			hours = append(hours, hour)
		}
	}
	slices.SortFunc(hours, time.Time.Compare)
	hours = slices.CompactFunc(hours, time.Time.Equal)
	return slices.DeleteFunc(hours, func(hour time.Time) bool { return !a.touches(hour) })
}

// touches reports whether the audit covers a part of the hour.
func (a *auditor) touches(hour time.Time) bool {
	return hour.Add(time.Hour).After(a.since) && (a.Until.IsZero() || hour.Before(a.Until))
}
