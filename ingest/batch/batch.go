// Package batch brings log lines into the warehouse: lines → events → rows
// with a verdict → one named insert.
//
// A body of lines is loaded as a whole or not at all, and loading it again
// changes nothing: the insert is named after its rows, and a row after its
// event. One faulty line never fails the others; it goes to the dead letters
// with its reason, and they are on disk before Load returns. The package does
// not retry: the caller keeps the body until Load has succeeded.
package batch

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/google/uuid"

	"glint/edge/token"
	"glint/ingest/warehouse"
)

// Warehouse is what a Loader needs of ClickHouse; *warehouse.Warehouse is one.
type Warehouse interface {
	InsertOpens(ctx context.Context, name string, opens []warehouse.Open) error
	CampaignsOf(ctx context.Context, messages []uuid.UUID) (map[uuid.UUID]uint64, error)
}

// Loader loads bodies. It is safe for concurrent use.
type Loader struct {
	Ring        *token.Ring
	Warehouse   Warehouse
	DeadLetters *DeadLetters
	Now         func() time.Time
	Count       func(Outcome, int) // told of every line; nil: nobody is
}

// Load stores the lines of body, which came by way of source, and returns how
// many there are. Empty lines are not counted. After an error nothing of the
// body counts as stored, and it may be loaded again.
func (l *Loader) Load(ctx context.Context, source string, body []byte) (lines int, err error) {
	receivedAt := l.Now().UTC().Truncate(time.Millisecond)
	d := decoder{ring: l.Ring, source: source, receivedAt: receivedAt}
	d.decode(body)
	if err := d.resolve(ctx, l.Warehouse); err != nil {
		return 0, err
	}
	if len(d.opens) > 0 {
		if err := l.Warehouse.InsertOpens(ctx, insertName(d.opens), d.opens); err != nil {
			return 0, err
		}
	}
	if len(d.rejected) > 0 {
		if err := l.DeadLetters.Write(receivedAt, d.rejected); err != nil {
			return 0, fmt.Errorf("keep lines that cannot be stored: %w", err)
		}
	}
	if l.Count != nil {
		for outcome, n := range d.count() {
			l.Count(outcome, n)
		}
	}
	return len(d.opens) + len(d.rejected), nil
}

// insertName names an insert after the identities and verdicts of its rows.
// The same body gives another name once more of its messages are registered,
// so that its new rows are not taken for a repeat.
func insertName(opens []warehouse.Open) string {
	h := sha256.New()
	var b [38]byte
	for i := range opens {
		o := &opens[i]
		binary.BigEndian.PutUint64(b[0:], o.CampaignID)
		copy(b[8:24], o.MessageID[:])
		binary.BigEndian.PutUint64(b[24:], uint64(o.OpenedAt.UnixMilli()))
		binary.BigEndian.PutUint32(b[32:], o.VerdictVersion)
		binary.BigEndian.PutUint16(b[36:], o.RulesetVersion)
		h.Write(b[:])
		binary.BigEndian.PutUint64(b[0:], o.EventID)
		h.Write(b[:8])
	}
	return hex.EncodeToString(h.Sum(nil))
}
