package warehouse

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"
)

// MessageRef identifies a message; campaign 0 means not known.
type MessageRef struct {
	CampaignID uint64
	MessageID  uuid.UUID
}

// MessagesOf returns the messages of a normalized recipient in one campaign, or
// in all if campaignID is 0.
func (w *Warehouse) MessagesOf(ctx context.Context, campaignID uint64, recipient string) ([]MessageRef, error) {
	hasher, err := w.RecipientHasher(ctx)
	if err != nil {
		return nil, err
	}
	key := hasher.Key(recipient)
	var n uint64
	var campaigns []uint64
	var messages []uuid.UUID
	err = w.ask(ctx, "explain_recipient", []any{clickhouse.Named("recipient_key", hex.EncodeToString(key[:])), clickhouse.Named("campaign_id", campaignID)},
		&n, &campaigns, &messages)
	if err != nil {
		return nil, fmt.Errorf("find messages of a recipient: %w", err)
	}
	refs := make([]MessageRef, len(messages))
	for i := range messages {
		refs[i] = MessageRef{campaigns[i], messages[i]}
	}
	return refs, nil
}

// NearRecipients returns at most three recipients of a campaign with similar
// names.
func (w *Warehouse) NearRecipients(ctx context.Context, campaignID uint64, recipient string) ([]string, error) {
	var n uint64
	var near []string
	err := w.ask(ctx, "nearest_recipients", []any{clickhouse.Named("campaign_id", campaignID), clickhouse.Named("recipient", recipient)}, &n, &near)
	if err != nil {
		return nil, fmt.Errorf("find near recipients: %w", err)
	}
	return near, nil
}

// MessageNamed returns the message with that id and its campaign, or campaign 0
// if it is not registered.
func (w *Warehouse) MessageNamed(ctx context.Context, id uuid.UUID) (MessageRef, error) {
	var n, campaign uint64
	if err := w.ask(ctx, "explain_campaign", []any{clickhouse.Named("message_id", id)}, &n, &campaign); err != nil {
		return MessageRef{}, fmt.Errorf("find message: %w", err)
	}
	return MessageRef{campaign, id}, nil
}

// MessageOfEvent returns the message of an event in opens or unresolved_opens,
// and whether there is one. It reads a column of all opens.
func (w *Warehouse) MessageOfEvent(ctx context.Context, event uint64) (ref MessageRef, found bool, err error) {
	var n uint64
	if err := w.ask(ctx, "explain_event", []any{clickhouse.Named("event_id", event)}, &n, &ref.CampaignID, &ref.MessageID); err != nil {
		return ref, false, fmt.Errorf("find event: %w", err)
	}
	return ref, n > 0, nil
}

// MessageFacts holds the facts of a message and its events in the order of
// time. Unknown times are zero.
type MessageFacts struct {
	MessageRef
	IsStored     bool // a registration wrote it
	Recipient    string
	Tracking     Tracking
	RegisteredAt time.Time
	SentAt       time.Time
	DeliveredAt  time.Time
	Opens        uint64

	Registered, Test, Bounced, Measured  bool
	Reliable, Masked, Unknown, Confirmed bool // R, P, U, C

	Events []MessageEvent
}

// Listed returns the message in the form of lists, for its State.
func (f *MessageFacts) Listed() *ListedMessage {
	return &ListedMessage{
		MessageID: f.MessageID, Opens: uint32(min(f.Opens, 1<<32-1)), Tracking: f.Tracking, Test: f.Test, Bounced: f.Bounced,
		Measured: f.Measured, Reliable: f.Reliable, Masked: f.Masked, Unknown: f.Unknown, Confirmed: f.Confirmed,
	}
}

// MessageEvent is an event of a message: an open or a delivery event.
type MessageEvent struct {
	Place          string // opens, waiting, deliveries, bad_tokens
	At             time.Time
	EventID        uint64 // of an open
	Kind           string // open, or the kind of a delivery
	Class          string // for opens and clicks
	Reason         string // the rule that decided; for a bad token its fault
	Detail         string // suspicion about the time, type of a bounce, automatic, or no_client for a click
	Client         string
	OS             string
	Device         string
	Network        string
	ASNumber       uint32
	Country        string
	Address        string // as precise as stored; empty: not stored
	RulesetVersion uint16
	Source         string
}

// MessageFacts returns the facts of a message and all its events.
func (w *Warehouse) MessageFacts(ctx context.Context, ref MessageRef) (*MessageFacts, error) {
	f := &MessageFacts{MessageRef: ref}
	args := []any{clickhouse.Named("campaign_id", ref.CampaignID), clickhouse.Named("message_id", ref.MessageID)}
	var rows uint64
	var tracking int8
	var delivered, registered, sent int64
	var flags [8]uint8
	err := w.ask(ctx, "explain_message", args, &rows, &f.Recipient, &tracking, &delivered, &registered,
		&flags[0], &flags[1], &flags[2], &flags[3], &sent, &f.Opens, &flags[4], &flags[5], &flags[6], &flags[7])
	if err != nil {
		return nil, fmt.Errorf("explain message: %w", err)
	}
	f.IsStored, f.Tracking = rows > 0, Tracking(tracking)
	f.DeliveredAt, f.RegisteredAt, f.SentAt = millis(delivered), millis(registered), millis(sent)
	for i, flag := range []*bool{&f.Registered, &f.Test, &f.Bounced, &f.Measured, &f.Reliable, &f.Masked, &f.Unknown, &f.Confirmed} {
		*flag = flags[i] == 1
	}
	var l eventLists
	err = w.ask(ctx, "explain_events", args, &rows, &l.place, &l.at, &l.event, &l.kind, &l.class, &l.reason, &l.detail,
		&l.client, &l.os, &l.device, &l.network, &l.asNumber, &l.country, &l.address, &l.ruleset, &l.source)
	if err != nil {
		return nil, fmt.Errorf("read events of a message: %w", err)
	}
	for i := range l.at {
		e := MessageEvent{
			l.place[i], time.UnixMilli(l.at[i]).UTC(), l.event[i], l.kind[i], l.class[i], l.reason[i], l.detail[i],
			l.client[i], l.os[i], l.device[i], l.network[i], l.asNumber[i], l.country[i], address(l.address[i]), l.ruleset[i], l.source[i],
		}
		if e.Kind != "open" {
			e.EventID = 0 // the hash of a link
		}
		f.Events = append(f.Events, e)
	}
	return f, nil
}

type eventLists struct {
	place, kind, class, reason, detail, client, os, device, network, country, address, source []string
	at                                                                                        []int64
	event                                                                                     []uint64
	asNumber                                                                                  []uint32
	ruleset                                                                                   []uint16
}

// BadTokenEvents returns the requests with that bad token, or the one with that
// event id. An empty token and event 0 match nothing.
func (w *Warehouse) BadTokenEvents(ctx context.Context, token string, event uint64) ([]MessageEvent, error) {
	var n uint64
	var l eventLists
	err := w.ask(ctx, "explain_bad_tokens", []any{clickhouse.Named("token", token), clickhouse.Named("event_id", event)},
		&n, &l.at, &l.event, &l.reason, &l.network, &l.asNumber, &l.country, &l.address, &l.source)
	if err != nil {
		return nil, fmt.Errorf("read bad tokens: %w", err)
	}
	var events []MessageEvent
	for i := range l.at {
		events = append(events, MessageEvent{
			Place: "bad_tokens", At: time.UnixMilli(l.at[i]).UTC(), EventID: l.event[i], Kind: "open", Reason: l.reason[i],
			Network: l.network[i], ASNumber: l.asNumber[i], Country: l.country[i], Address: address(l.address[i]), Source: l.source[i],
		})
	}
	return events, nil
}

// address returns a stored address in its usual form, or "" without one.
func address(kept string) string {
	if kept == "::" {
		return ""
	}
	return strings.TrimPrefix(kept, "::ffff:")
}

func millis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
