package warehouse

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"

	"glint/schema"
)

// PostingFacts are what registering a few messages of one campaign needs to know.
type PostingFacts struct {
	Campaign   Campaign // ID 0: no campaign has the name
	Registered bool     // rows of the messages exist: see KnownMessages
	Choices    map[RecipientKey]Decision
}

// maxFacts is the largest number of messages whose ids fit into the address of a
// query.
const maxFacts = 100

// PostingFacts returns the campaign of that name, as CampaignNamed does, whether
// any of the messages is registered in the campaign with that id, and the
// recipients' choices for the purpose. Messages and recipients have the same
// length. An unknown campaign is no error.
func (w *Warehouse) PostingFacts(ctx context.Context, name string, campaign uint64, messages []uuid.UUID, purpose string, recipients []RecipientKey) (f PostingFacts, err error) {
	if len(messages) <= maxFacts {
		f, err = w.postingFacts(ctx, name, campaign, messages, purpose, recipients)
	} else {
		f, err = w.manyFacts(ctx, name, campaign, messages, purpose, recipients)
	}
	if err != nil {
		return f, fmt.Errorf("read facts of posted messages: %w", err)
	}
	return f, nil
}

// manyFacts is PostingFacts for any number of messages.
func (w *Warehouse) manyFacts(ctx context.Context, name string, campaign uint64, messages []uuid.UUID, purpose string, recipients []RecipientKey) (f PostingFacts, err error) {
	f.Campaign, err = w.campaignNamed(ctx, name)
	if err != nil && !errors.Is(err, ErrNoCampaign) {
		return f, err
	}
	known, err := w.KnownMessages(ctx, campaign, messages)
	if err != nil {
		return f, err
	}
	f.Registered = known.Len() > 0
	f.Choices, err = w.ChoicesOf(ctx, purpose, recipients)
	return f, err
}

// postingFacts is PostingFacts in one query.
func (w *Warehouse) postingFacts(ctx context.Context, name string, campaign uint64, messages []uuid.UUID, purpose string, recipients []RecipientKey) (f PostingFacts, err error) {
	ids, keys := make([]string, len(messages)), make([]string, len(recipients))
	for i := range messages {
		ids[i], keys[i] = messages[i].String(), recipients[i].number().String()
	}
	rows, err := w.conn.Query(ctx, schema.Query("posting_facts"), clickhouse.Named("campaign", name), clickhouse.Named("campaign_id", campaign),
		clickhouse.Named("messages", ids), clickhouse.Named("purpose", purpose), clickhouse.Named("keys", keys))
	if err != nil {
		return f, err
	}
	defer func() { _ = rows.Close() }()
	seen := 0
	for rows.Next() {
		var part uint8
		var n uint64
		var text string
		if err := rows.Scan(&part, &n, &text); err != nil {
			return f, err
		}
		if !f.take(part, n, text) {
			return f, errFacts
		}
		seen |= 1 << part
	}
	if err := rows.Err(); err != nil {
		return f, err
	}
	if seen != 1<<1|1<<2|1<<3 { // a part that is missing is no answer
		return f, errFacts
	}
	f.Campaign.Name = name
	return f, nil
}

var errFacts = fmt.Errorf("%w: posting_facts", ErrAnswer)

// take adds one part of the answer, and reports whether it has its form.
func (f *PostingFacts) take(part uint8, n uint64, text string) bool {
	switch part {
	case 1:
		return n == 0 && text == "" || n > 0 && f.takeCampaign([]byte(text))
	case 2:
		f.Registered = n > 0
	case 3:
		if uint64(len(text)) != n*decisionBytes {
			return false
		}
		f.Choices = map[RecipientKey]Decision{}
		addDecisions(f.Choices, []byte(text))
	}
	return true
}

func (f *PostingFacts) takeCampaign(b []byte) bool {
	const fixed = 8 + 8 + 32 + 3 + 4
	le := binary.LittleEndian
	if len(b) < fixed || uint64(len(b)-fixed) < uint64(le.Uint32(b[fixed-4:])) {
		return false
	}
	subject := int(le.Uint32(b[fixed-4:]))
	f.Campaign = Campaign{
		ID: le.Uint64(b), CreatedAt: timeOf(int64(le.Uint64(b[8:]))), IDKey: [32]byte(b[16:48]),
		Tracking: Tracking(b[48]), Archived: b[49] == 1, SentKnown: b[50] == 1,
		Subject: string(b[fixed : fixed+subject]), Variant: string(b[fixed+subject:]),
	}
	return true
}
