package warehouse

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"

	"glint/schema"
)

// Fate is the treatment of the opens of a message whose recipient refused or withdrew, or
// of which less may be kept than its URL says, as the Enum8 of the table withdrawals.
type Fate int8

// The fates.
const (
	FateKeep         Fate = iota // nothing less than the URL says
	FateCount                    // counted as aggregate opens of the campaign
	FateAnonymous                // the same, with the kind of client and the country
	FateDrop                     // nothing is kept
	FatePseudonymous             // kept as opens of the message, as in mode Pseudonymous
	FateLastOpen                 // only the date is kept, as in mode LastOpen
)

var fateNames = [...]string{"keep", "count", "anonymous", "drop", "pseudonymous", "last_open"}

func (f Fate) String() string { return fateNames[f] }

// ErrFate is returned by ParseFate.
var ErrFate = errors.New("warehouse: unknown fate of withdrawn opens; want one of aggregate, anonymous, delete")

// ParseFate reads a setting: aggregate (also ""), anonymous or delete.
func ParseFate(setting string) (Fate, error) {
	switch setting {
	case "", "aggregate":
		return FateCount, nil
	case "anonymous":
		return FateAnonymous, nil
	case "delete":
		return FateDrop, nil
	}
	return 0, ErrFate
}

// Tracking returns the tracking mode to which that fate limits a message.
func (f Fate) Tracking() Tracking {
	switch f {
	case FateKeep:
		return Identified
	case FatePseudonymous:
		return Pseudonymous
	case FateLastOpen:
		return LastOpen
	case FateDrop:
		return Off
	}
	return Aggregate
}

// NamesMessage reports whether opens with that fate still belong to their
// message: in the mode of Tracking.
func (f Fate) NamesMessage() bool { return f.Tracking() < Aggregate }

// FateOf returns the fate of a message of which no more than t may be kept.
// withdrawn is the configured fate of recipients who withdraw, which is used if
// it keeps as much as t.
func FateOf(t Tracking, withdrawn Fate) Fate {
	switch {
	case t == Identified:
		return FateKeep
	case t == Pseudonymous:
		return FatePseudonymous
	case t == LastOpen:
		return FateLastOpen
	case t == withdrawn.Tracking():
		return withdrawn
	case t == Aggregate:
		return FateCount
	}
	return FateDrop
}

// Withdrawal is one row of the table withdrawals.
type Withdrawal struct {
	Recipient RecipientKey
	Message   uuid.UUID // zero: all messages of the recipient
	Fate      Fate
	ChangedAt time.Time // UTC, milliseconds
}

var withdrawalColumns = []column[Withdrawal]{
	{"recipient_key", of(func(r *Withdrawal) RecipientKey { return r.Recipient })},
	{"message_id", of(func(r *Withdrawal) uuid.UUID { return r.Message })},
	{"fate", of(func(r *Withdrawal) int8 { return int8(r.Fate) })},
	{"changed_at", of(func(r *Withdrawal) int64 { return r.ChangedAt.UnixMilli() })},
}

// InsertWithdrawals inserts the rows in one named insert: see InsertOpens.
func (w *Warehouse) InsertWithdrawals(ctx context.Context, name string, rows []Withdrawal) error {
	return insert(ctx, w, "withdrawals", withdrawalColumns, name, rows)
}

// WithdrawalState returns a number that changes with each change of the table
// withdrawals, and the time of the latest one; zero: none.
func (w *Warehouse) WithdrawalState(ctx context.Context) (rows uint64, latest time.Time, err error) {
	var ms int64
	if err := w.ask(ctx, "withdrawal_state", nil, &rows, &ms); err != nil {
		return 0, latest, fmt.Errorf("look for withdrawals: %w", err)
	}
	if rows > 0 {
		latest = time.UnixMilli(ms).UTC()
	}
	return rows, latest, nil
}

// WithdrawnMessages calls visit with the messages of recipients of whom a row of
// withdrawals has changed since that time, each with the strictest fate of the
// rows that concern it.
func (w *Warehouse) WithdrawnMessages(ctx context.Context, since time.Time, visit func(uuid.UUID, Fate)) error {
	const size = 16 + 1
	rows, err := w.records(ctx, "withdrawn_messages", size, clickhouse.Named("since_ms", sinceMilli(since)))
	if err != nil {
		return fmt.Errorf("read withdrawn messages: %w", err)
	}
	for ; len(rows) > 0; rows = rows[size:] {
		visit(uuidOf(rows), Fate(rows[16]))
	}
	return nil
}

func sinceMilli(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// Swept counts the changes made by ApplyWithdrawals.
type Swept struct{ Messages, Opens uint64 }

// sweep is the list of changes to the rows of messages with a fate.
type sweep struct {
	fate              Fate
	opens, unresolved []string // statements, if there are such rows
}

// sweeps are in the order of strictness, so that of two fates of a message the
// stricter one is applied first.
var sweeps = []sweep{
	{FateDrop, []string{"withdraw_opens", "delete_withdrawn_opens"}, []string{"delete_withdrawn_unresolved"}},
	{FateCount, []string{"withdraw_opens", "delete_withdrawn_opens"}, []string{"delete_withdrawn_unresolved"}},
	{FateAnonymous, []string{"withdraw_opens", "delete_withdrawn_opens"}, []string{"delete_withdrawn_unresolved"}},
	{FateLastOpen, []string{"keep_last_opens", "withdraw_opens", "delete_withdrawn_opens"}, []string{"delete_withdrawn_unresolved"}},
	{FatePseudonymous, []string{"pseudonymize_opens"}, []string{"pseudonymize_unresolved"}},
}

// ApplyWithdrawals applies the withdrawals that changed since that time to the
// rows of messages: their opens become aggregate opens, lose the facts that the
// fate forbids, or are deleted, their web events lose the message, and the
// messages are measured no more than the fate allows. Messages of a recipient who has agreed again keep what applied to
// them. If nothing is left to do, it changes nothing. It may be called again after
// any error, and concurrently.
func (w *Warehouse) ApplyWithdrawals(ctx context.Context, since time.Time) (done Swept, err error) {
	if err := w.conn.Exec(sweeping(ctx), schema.Query("keep_restricted"), clickhouse.Named("since_ms", sinceMilli(since))); err != nil {
		return done, fmt.Errorf("record the fates of messages: %w", err)
	}
	for _, s := range sweeps {
		args := []any{
			clickhouse.Named("fate", s.fate.String()), clickhouse.Named("since_ms", sinceMilli(since)),
			clickhouse.Named("tracking", int8(s.fate.Tracking())),
		}
		var opens, unresolved, web, sends uint64
		var campaigns []uint64
		if err := w.ask(ctx, "withdrawn_rows", args, &opens, &unresolved, &web, &sends, &campaigns); err != nil {
			return done, fmt.Errorf("look for rows of withdrawn messages: %w", err)
		}
		var steps []string
		if sends > 0 {
			steps = append(steps, "withdraw_sends")
		}
		if opens > 0 {
			steps = append(steps, s.opens...)
		}
		if unresolved > 0 {
			steps = append(steps, s.unresolved...)
		}
		if web > 0 {
			steps = append(steps, "detach_withdrawn_web_events")
		}
		for _, step := range steps {
			if err := w.change(ctx, step, args...); err != nil {
				return done, fmt.Errorf("apply withdrawals: %s: %w", step, err)
			}
		}
		if s.fate == FateLastOpen && opens > 0 {
			w.lastOpensTidy.Store(false)
		}
		if err := w.Touched(ctx, campaigns); err != nil {
			return done, err
		}
		done.Messages, done.Opens = done.Messages+sends, done.Opens+opens+unresolved
	}
	return done, nil
}

// sweeping returns the context of a statement that changes rows and is complete when it is
// answered. A replicated table considers a mutation with a sub-query nondeterministic; if a
// replica executes one before it has all rows, a later run corrects it.
func sweeping(ctx context.Context) context.Context {
	return clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{
		"async_insert": 0, "insert_deduplicate": 0, "max_partitions_per_insert_block": 0,
		"mutations_sync": 2, "allow_nondeterministic_mutations": 1, "http_wait_end_of_query": 1,
	}))
}
