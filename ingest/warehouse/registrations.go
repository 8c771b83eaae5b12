package warehouse

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"

	"glint/schema"
)

// ListedRegistration is a registration in a list.
type ListedRegistration struct {
	Campaign               string
	CampaignID, ID         uint64 // ID 0: messages posted or imported individually
	State                  string // started, complete, superseded
	StartedAt, CompletedAt time.Time
	FileRows, Messages     uint64 // Messages: the number whose latest row belongs to this registration
}

// Registrations returns the registrations of a campaign, 0 for all, the latest
// first, at most limit of them.
func (w *Warehouse) Registrations(ctx context.Context, campaign uint64, limit int) ([]ListedRegistration, error) {
	var n uint64
	var names, states []string
	var campaigns, ids, rows, messages []uint64
	var started, completed []int64
	err := w.ask(ctx, "registrations", []any{clickhouse.Named("campaign_id", campaign), clickhouse.Named("limit", uint64(limit))},
		&n, &names, &campaigns, &ids, &states, &started, &completed, &rows, &messages)
	if err != nil {
		return nil, fmt.Errorf("list registrations: %w", err)
	}
	all := make([]ListedRegistration, len(ids))
	for i := range all {
		all[i] = ListedRegistration{names[i], campaigns[i], ids[i], states[i], timeOf(started[i]), timeOf(completed[i]), rows[i], messages[i]}
	}
	return all, nil
}

// timeOf returns the time of Unix milliseconds, or the zero time for 0.
func timeOf(milli int64) time.Time {
	if milli == 0 {
		return time.Time{}
	}
	return time.UnixMilli(milli).UTC()
}

// RegisteredMessage returns a stored message of a campaign, and whether its
// registration is complete. found is false without such a message.
func (w *Warehouse) RegisteredMessage(ctx context.Context, campaign uint64, id uuid.UUID) (s Send, complete, found bool, err error) {
	s = Send{CampaignID: campaign, MessageID: id}
	var n uint64
	var sent, delivered, registered int64
	var tracking int8
	var test, isComplete uint8
	var attributes string
	err = w.ask(ctx, "show_message", []any{clickhouse.Named("campaign_id", campaign), clickhouse.Named("message_id", id.String())},
		&n, &s.Recipient, &sent, &delivered, &s.State, &tracking, &test, &s.URLStyle, &s.Stratum, &attributes, &s.Registration, &isComplete, &registered)
	if err == nil && n > 0 {
		err = json.Unmarshal([]byte(attributes), &s.Attributes)
	}
	if err != nil {
		return s, false, false, fmt.Errorf("read message: %w", err)
	}
	s.SentAt, s.DeliveredAt, s.RegisteredAt = timeOf(sent), timeOf(delivered), timeOf(registered)
	s.Tracking, s.Test = Tracking(tracking), testOf(test == 1)
	return s, isComplete == 1, n > 0, nil
}

// RevokeSends excludes messages of a campaign from its counts, only messages of one
// registration if that is not 0. It returns the number of them that are registered, and
// the number that counted. Registering them again undoes it.
func (w *Warehouse) RevokeSends(ctx context.Context, campaign uint64, messages []uuid.UUID, registration uint64, dryRun bool) (registered, counted uint64, err error) {
	fail := func(err error) (uint64, uint64, error) { return 0, 0, fmt.Errorf("revoke messages: %w", err) }
	table, err := newTable("marked_messages", tableColumn{"message_id", "UUID", messages})
	if err != nil {
		return fail(err)
	}
	args := []any{clickhouse.Named("campaign_id", campaign), clickhouse.Named("registration", registration)}
	marked := clickhouse.Context(ctx, clickhouse.WithExternalTable(table), clickhouse.WithSettings(moveSettings()))
	if err := w.ask(marked, "counted_sends", args, &registered, &counted); err != nil {
		return fail(err)
	}
	if dryRun || counted == 0 {
		return registered, counted, nil
	}
	revoked := Registration{ID: randomID(), CampaignID: campaign, Rows: int(counted), StartedAt: time.Now().UTC()}
	if err := w.insertStep(ctx, registrationStep{Registration: revoked, step: stepSupersede, state: registrationSuperseded}); err != nil {
		return fail(err)
	}
	args = append(args, clickhouse.Named("revoked", revoked.ID), clickhouse.Named("now", time.Now().UnixMilli()))
	if err := w.conn.Exec(marked, schema.Query("revoke_sends"), args...); err != nil {
		return fail(err)
	}
	return registered, counted, nil
}
