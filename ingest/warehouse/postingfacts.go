package warehouse

import (
	"context"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"
)

// PostingFacts are what registering a few messages of one campaign needs to know.
type PostingFacts struct {
	Campaign   Campaign // ID 0: no campaign has the name
	Registered bool     // rows of the messages exist: see KnownMessages
	Choices    map[RecipientKey]Decision
}

// PostingFacts returns the campaign of that name, as CampaignNamed does, whether
// any of the messages is registered in the campaign with that id, and the
// recipients' choices for the purpose. Messages and recipients have the same
// length. An unknown campaign is no error.
func (w *Warehouse) PostingFacts(ctx context.Context, name string, campaign uint64, messages []uuid.UUID, purpose string, recipients []RecipientKey) (f PostingFacts, err error) {
	fail := func(err error) (PostingFacts, error) { return f, fmt.Errorf("read facts of posted messages: %w", err) }
	low, high := halves(recipients, func(k *RecipientKey) *RecipientKey { return k })
	wanted, err := newTable("wanted", tableColumn{"message_id", "UUID", messages}, tableColumn{"low", "UInt64", low}, tableColumn{"high", "UInt64", high})
	if err != nil {
		return fail(err)
	}
	c := Campaign{Name: name}
	var found, registered, choices uint64
	var key, records string
	var tracking int8
	err = w.ask(clickhouse.Context(ctx, clickhouse.WithExternalTable(wanted)), "posting_facts",
		[]any{clickhouse.Named("campaign", name), clickhouse.Named("campaign_id", campaign), clickhouse.Named("purpose", purpose)},
		&found, &c.ID, &c.CreatedAt, &key, &c.Subject, &c.Variant, &tracking, &c.Archived, &c.SentKnown, &registered, &choices, &records)
	if err == nil && uint64(len(records)) != choices*decisionBytes {
		err = fmt.Errorf("%w: posting_facts", ErrAnswer)
	}
	if err != nil {
		return fail(err)
	}
	f = PostingFacts{Registered: registered > 0, Choices: map[RecipientKey]Decision{}}
	if found > 0 {
		f.Campaign, f.Campaign.Tracking = c, Tracking(tracking)
		copy(f.Campaign.IDKey[:], key)
	}
	addDecisions(f.Choices, []byte(records))
	return f, nil
}
