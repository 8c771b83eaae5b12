package consent

import (
	"context"
	"sync"

	"glint/ingest/warehouse"
)

// Decisions is the part of ClickHouse that Choices uses; *warehouse.Warehouse
// implements it.
type Decisions interface {
	DecisionsAfter(ctx context.Context, purpose string, ends map[string]uint64) (warehouse.NewDecisions, error)
	ChoicesOf(ctx context.Context, purpose string, recipients []warehouse.RecipientKey) (map[warehouse.RecipientKey]warehouse.Decision, error)
}

// maxChoices is the largest ledger, in rows, that Choices remembers: about 100 MB.
const maxChoices = 1_000_000

// Choices remembers the choices of all recipients for one purpose, since to search
// the ledger for one of them takes longer the longer the ledger is. It is exact for a
// caller who says how many rows the ledger has: rows are only ever appended. It is
// safe for concurrent use.
type Choices struct {
	Purpose string

	mu     sync.Mutex
	rows   uint64            // that were read, of all purposes
	ends   map[string]uint64 // last sequence that was read, by node
	latest map[warehouse.RecipientKey]warehouse.Decision
}

// Of returns the current choices of the recipients, of a ledger that has so many
// rows. Recipients without a choice are absent.
func (c *Choices) Of(ctx context.Context, w Decisions, rows uint64, recipients []warehouse.RecipientKey) (map[warehouse.RecipientKey]warehouse.Decision, error) {
	if rows > maxChoices {
		return w.ChoicesOf(ctx, c.Purpose, recipients)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if rows != c.rows {
		if err := c.follow(ctx, w); err != nil {
			return nil, err
		}
	}
	choices := map[warehouse.RecipientKey]warehouse.Decision{}
	for _, key := range recipients {
		if d, ok := c.latest[key]; ok {
			choices[key] = d
		}
	}
	return choices, nil
}

// follow reads the new rows, or all if the known ones are not all that is there
// besides. The caller holds c.mu.
func (c *Choices) follow(ctx context.Context, w Decisions) error {
	for {
		fresh, err := w.DecisionsAfter(ctx, c.Purpose, c.ends)
		if err != nil {
			return err
		}
		if c.rows+fresh.Rows != fresh.Ledger && c.rows > 0 {
			c.rows, c.ends, c.latest = 0, nil, nil
			continue
		}
		if c.ends == nil {
			c.ends, c.latest = map[string]uint64{}, map[warehouse.RecipientKey]warehouse.Decision{}
		}
		for node, end := range fresh.Ends {
			c.ends[node] = end
		}
		fresh.Each(func(key warehouse.RecipientKey, d warehouse.Decision) {
			if before, ok := c.latest[key]; !ok || before.IsBefore(d) {
				c.latest[key] = d
			}
		})
		c.rows += fresh.Rows
		return nil
	}
}
