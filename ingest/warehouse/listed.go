package warehouse

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"

	"glint/schema"
)

// List selects messages of a campaign by the state of their opens.
type List string

// The lists. R: a person opened it. P: Apple Mail fetched it, which may hide a
// person. U: a client of unknown kind fetched it. C: a person clicked, replied
// or converted. All lists but AllMessages contain measured messages only.
const (
	AllMessages          List = "all"                    // with a complete registration, tests included
	OpenersCertain       List = "openers_certain"        // R or C
	OpenersLikely        List = "openers_likely"         // R, C or U
	OpenersCannotTell    List = "openers_cannot_tell"    // P and nothing else
	NonopenersCertain    List = "nonopeners_certain"     // visible recipients, without a fetch or C
	NonopenersLikely     List = "nonopeners_likely"      // without a fetch or C
	NonopenersCannotTell List = "nonopeners_cannot_tell" // P or U, neither R nor C
)

// ListedMessage is a message with its recipient. Times are Unix milliseconds, 0
// if not known or not possible.
type ListedMessage struct {
	MessageID uuid.UUID
	Recipient string
	Kept      []string // values of the columns that the registration kept
	Tracking  Tracking
	Opens     uint32 // machines included

	SentAt, FirstOpenAt, LastOpenAt         int64
	FirstReliableOpenAt, LastReliableOpenAt int64

	Measured, Test, Bounced              bool
	Reliable, Masked, Unknown, Confirmed bool // R, P, U, C
}

// State returns the state of the message as one of these mutually exclusive
// words: test, bounced, not_measured, opened, confirmed (a click or reply, but
// no open by a person), masked, unknown, machine or not_fetched.
func (m *ListedMessage) State() string {
	switch {
	case m.Test:
		return "test"
	case m.Bounced:
		return "bounced"
	case !m.Measured:
		return "not_measured"
	case m.Reliable:
		return "opened"
	case m.Confirmed:
		return "confirmed"
	case m.Masked:
		return "masked"
	case m.Unknown:
		return "unknown"
	case m.Opens > 0:
		return "machine"
	}
	return "not_fetched"
}

// Messages calls begin with the names of the kept columns, and then visit with
// each message of a list, in the order of recipients. The message is
// overwritten by the next one, except its texts. It returns errors of begin and
// visit, and ErrAnswer if an answer was cut off.
func (w *Warehouse) Messages(ctx context.Context, campaignID uint64, list List, begin func(names []string) error, visit func(*ListedMessage) error) error {
	return w.FirstMessages(ctx, campaignID, list, math.MaxInt32, begin, visit)
}

// FirstMessages is Messages for the first messages of a list, at most limit of them.
func (w *Warehouse) FirstMessages(ctx context.Context, campaignID uint64, list List, most int, begin func(names []string) error, visit func(*ListedMessage) error) error {
	const beforeThem = 1 // the record of names
	rows, err := w.conn.Query(ctx, schema.Query("listed_messages"),
		clickhouse.Named("campaign_id", campaignID), clickhouse.Named("list", string(list)), clickhouse.Named("records", uint64(most)+beforeThem))
	if err != nil {
		return fmt.Errorf("list messages: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var m ListedMessage
	var record string
	begun, ended, visited := false, false, 0
	for rows.Next() {
		if err := rows.Scan(&record); err != nil {
			return fmt.Errorf("list messages: %w", err)
		}
		r := fields{rest: record}
		switch r.number(1) {
		case 0:
			var columns []string
			for len(r.rest) > 0 && !r.short {
				columns = append(columns, r.text())
			}
			m.Kept = make([]string, len(columns))
			begun, err = true, begin(columns)
		case 1:
			if r.message(&m); begun && !r.short {
				visited++
				err = visit(&m)
			}
		default:
			ended = begun
		}
		if r.short || len(r.rest) > 0 {
			err = fmt.Errorf("list messages: %w: a record has not its length", ErrAnswer)
		}
		if err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("list messages: %w", err)
	}
	if !ended && visited < most {
		return fmt.Errorf("list messages: %w", ErrAnswer)
	}
	return nil
}

// fields decodes a record field by field.
type fields struct {
	rest  string
	short bool // the record ended too early
}

func (f *fields) take(n int) string {
	if n > len(f.rest) {
		f.short, f.rest = true, ""
		return ""
	}
	taken := f.rest[:n]
	f.rest = f.rest[n:]
	return taken
}

func (f *fields) number(bytes int) (n uint64) {
	for i, b := range []byte(f.take(bytes)) {
		n |= uint64(b) << (8 * i)
	}
	return n
}

func (f *fields) text() string { return f.take(int(f.number(4))) }

func (f *fields) message(m *ListedMessage) {
	recipient, rest, ok := strings.Cut(f.rest, "\x00")
	m.Recipient, f.rest, f.short = recipient, rest, f.short || !ok
	binary.BigEndian.PutUint64(m.MessageID[:8], f.number(8)) // as uuidOf
	binary.BigEndian.PutUint64(m.MessageID[8:], f.number(8))
	flags := f.number(2)
	for i, flag := range []*bool{&m.Measured, &m.Test, &m.Bounced, &m.Reliable, &m.Masked, &m.Unknown, &m.Confirmed} {
		*flag = flags>>i&1 == 1
	}
	m.Tracking = Tracking(f.number(1))
	m.Opens = uint32(f.number(4))
	for _, at := range []*int64{&m.SentAt, &m.FirstOpenAt, &m.LastOpenAt, &m.FirstReliableOpenAt, &m.LastReliableOpenAt} {
		*at = int64(f.number(8))
	}
	for i := range m.Kept {
		m.Kept[i] = f.text()
	}
}
