package warehouse

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"

	"glint/schema"
)

// PostingFacts say what registering a few messages of one campaign must read.
type PostingFacts struct {
	CampaignChanged time.Time // latest change of the campaign with that id; zero: there is none
	Registered      bool      // rows of the messages exist: see KnownMessages
	Decisions       uint64    // number of rows of the ledger of choices: see DecisionsAfter
}

// maxFacts is the largest number of messages whose ids fit into the address of a
// query.
const maxFacts = 100

// PostingFacts returns the facts of messages in the campaign with that id.
func (w *Warehouse) PostingFacts(ctx context.Context, campaign uint64, messages []uuid.UUID) (f PostingFacts, err error) {
	known := &KnownSends{}
	if len(messages) > maxFacts {
		if known, err = w.KnownMessages(ctx, campaign, messages); err != nil {
			return f, err
		}
		messages = nil
	}
	if f, err = w.postingFacts(ctx, campaign, messages); err != nil {
		return f, fmt.Errorf("read facts of posted messages: %w", err)
	}
	f.Registered = f.Registered || known.Len() > 0
	return f, nil
}

func (w *Warehouse) postingFacts(ctx context.Context, campaign uint64, messages []uuid.UUID) (f PostingFacts, err error) {
	ids := make([]string, len(messages))
	for i := range messages {
		ids[i] = messages[i].String()
	}
	rows, err := w.conn.Query(ctx, schema.Query("posting_facts"), clickhouse.Named("campaign_id", campaign), clickhouse.Named("messages", ids))
	if err != nil {
		return f, err
	}
	defer func() { _ = rows.Close() }()
	whole := false
	for rows.Next() {
		var part uint8
		var n uint64
		var changedAt int64
		if err := rows.Scan(&part, &n, &changedAt); err != nil {
			return f, err
		}
		switch part {
		case 1:
			if at := timeOf(changedAt); at.After(f.CampaignChanged) {
				f.CampaignChanged = at
			}
		case 2:
			f.Registered = true
		case 3:
			f.Decisions, whole = n, true
		}
	}
	if err := rows.Err(); err != nil {
		return f, err
	}
	if !whole {
		return f, fmt.Errorf("%w: posting_facts", ErrAnswer)
	}
	return f, nil
}
