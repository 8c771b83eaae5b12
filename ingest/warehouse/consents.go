package warehouse

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// Choice is a recipient's decision, as the Enum8 of the table consents. Of two
// decisions at the same time the higher value holds.
type Choice int8

// The choices.
const (
	Undecided Choice = iota // `unknown`: the recipient was never asked, or did not answer
	Agreed
	Refused
	Withdrawn // agreed before, and took it back
)

var choiceNames = [...]string{"unknown", "agreed", "refused", "withdrawn"}

// Choices lists the names of the choices, for messages.
const Choices = "unknown, agreed, refused, withdrawn"

// ErrChoice is returned by ParseChoice.
var ErrChoice = errors.New("warehouse: unknown choice; want one of " + Choices)

// ParseChoice returns the choice of that name, or ErrChoice.
func ParseChoice(name string) (Choice, error) {
	for i, known := range choiceNames {
		if name == known {
			return Choice(i), nil
		}
	}
	return 0, ErrChoice
}

func (c Choice) String() string {
	if c < 0 || int(c) >= len(choiceNames) {
		return fmt.Sprintf("choice %d", int8(c))
	}
	return choiceNames[c]
}

// IsNo reports whether the recipient may not be measured.
func (c Choice) IsNo() bool { return c >= Refused }

// Consent is one row of the table consents: a link of a node's hash chain.
type Consent struct {
	Node         string
	Sequence     uint64 // from 1, without gaps
	Recipient    RecipientKey
	Purpose      string
	Choice       Choice
	DecidedAt    time.Time // UTC, milliseconds
	RecordedAt   time.Time // UTC, milliseconds
	Method       string
	TextHash     string // SHA-256 of the text shown, in hex; "": not known
	TextVersion  string
	PreviousHash string // hash of the previous row; "" for the first
	Hash         string
}

var consentColumns = []column[Consent]{
	{"node", of(func(c *Consent) string { return c.Node })},
	{"sequence", of(func(c *Consent) uint64 { return c.Sequence })},
	{"recipient_key", of(func(c *Consent) RecipientKey { return c.Recipient })},
	{"purpose", of(func(c *Consent) string { return c.Purpose })},
	{"choice", of(func(c *Consent) int8 { return int8(c.Choice) })},
	{"decided_at", of(func(c *Consent) int64 { return c.DecidedAt.UnixMilli() })},
	{"recorded_at", of(func(c *Consent) int64 { return c.RecordedAt.UnixMilli() })},
	{"method", of(func(c *Consent) string { return c.Method })},
	{"text_hash", of(func(c *Consent) string { return c.TextHash })},
	{"text_version", of(func(c *Consent) string { return c.TextVersion })},
	{"previous_hash", of(func(c *Consent) string { return c.PreviousHash })},
	{"hash", of(func(c *Consent) string { return c.Hash })},
}

// InsertConsents inserts the rows in one named insert: see InsertOpens.
func (w *Warehouse) InsertConsents(ctx context.Context, name string, rows []Consent) error {
	return insert(ctx, w, "consents", consentColumns, name, rows)
}

// ConsentTail returns the sequence number and hash at the end of a node's
// chain; 0 and "" for a new one.
func (w *Warehouse) ConsentTail(ctx context.Context, node string) (sequence uint64, hash string, err error) {
	var n uint64
	if err := w.ask(ctx, "consent_tail", []any{clickhouse.Named("node", node)}, &n, &sequence, &hash); err != nil {
		return 0, "", fmt.Errorf("read the end of the ledger: %w", err)
	}
	return sequence, hash, nil
}

// consentPage is the number of rows of the ledger read at a time.
const consentPage = 50_000

// EachConsent calls visit with the rows of the ledger in the order of its
// chains; if recipient is not nil, only with the rows of that recipient.
func (w *Warehouse) EachConsent(ctx context.Context, recipient *RecipientKey, visit func(*Consent) error) error {
	node, sequence, only := "", uint64(0), ""
	if recipient != nil {
		only = recipient.String()
	}
	for {
		rows, err := w.consents(ctx, node, sequence, only)
		if err != nil {
			return fmt.Errorf("read the ledger: %w", err)
		}
		for i := range rows {
			if err := visit(&rows[i]); err != nil {
				return err
			}
		}
		if len(rows) < consentPage {
			return nil
		}
		node, sequence = rows[len(rows)-1].Node, rows[len(rows)-1].Sequence
	}
}

func (w *Warehouse) consents(ctx context.Context, node string, sequence uint64, recipient string) ([]Consent, error) {
	var n uint64
	var nodes, recipients, purposes, methods, textHashes, textVersions, previous, hashes []string
	var sequences []uint64
	var choices []int8
	var decided, recorded []int64
	err := w.ask(ctx, "consent_page", []any{
		clickhouse.Named("node", node), clickhouse.Named("sequence", sequence), clickhouse.Named("recipient", recipient),
		clickhouse.Named("limit", uint64(consentPage)),
	}, &n, &nodes, &sequences, &recipients, &purposes, &choices, &decided, &recorded, &methods, &textHashes, &textVersions, &previous, &hashes)
	if err != nil {
		return nil, err
	}
	rows := make([]Consent, len(nodes))
	for i := range rows {
		key, err := ParseRecipientKey(recipients[i])
		if err != nil {
			return nil, err
		}
		rows[i] = Consent{
			nodes[i], sequences[i], key, purposes[i], Choice(choices[i]), time.UnixMilli(decided[i]).UTC(), time.UnixMilli(recorded[i]).UTC(),
			methods[i], textHashes[i], textVersions[i], previous[i], hashes[i],
		}
	}
	return rows, nil
}

// Decision is a choice with the time when it was made.
type Decision struct {
	Choice    Choice
	DecidedAt time.Time
}

// IsBefore reports whether other takes precedence: the later decision does, and
// at equal times the more refusing one.
func (d Decision) IsBefore(other Decision) bool {
	if !d.DecidedAt.Equal(other.DecidedAt) {
		return d.DecidedAt.Before(other.DecidedAt)
	}
	return d.Choice < other.Choice
}

// choiceParts is the number of queries into which all choices are divided, to
// bound each answer.
const choiceParts = 8

// CurrentChoices returns each recipient's current choice. Recipients without a
// choice are absent.
func (w *Warehouse) CurrentChoices(ctx context.Context, purpose string) (map[RecipientKey]Decision, error) {
	all := map[RecipientKey]Decision{}
	for part := range uint64(choiceParts) {
		rows, err := w.records(ctx, "current_choices", decisionBytes, clickhouse.Named("purpose", purpose),
			clickhouse.Named("part", part), clickhouse.Named("parts", uint64(choiceParts)))
		if err != nil {
			return nil, fmt.Errorf("read choices: %w", err)
		}
		addDecisions(all, rows)
	}
	return all, nil
}

// ChoicesOf is CurrentChoices for the given recipients.
func (w *Warehouse) ChoicesOf(ctx context.Context, purpose string, recipients []RecipientKey) (map[RecipientKey]Decision, error) {
	all := map[RecipientKey]Decision{}
	low, high := halves(recipients, func(k *RecipientKey) *RecipientKey { return k })
	wanted, err := newTable("wanted_recipients", tableColumn{"low", "UInt64", low}, tableColumn{"high", "UInt64", high})
	if err != nil {
		return nil, fmt.Errorf("read choices: %w", err)
	}
	rows, err := w.records(clickhouse.Context(ctx, clickhouse.WithExternalTable(wanted)), "choices_of", decisionBytes, clickhouse.Named("purpose", purpose))
	if err != nil {
		return nil, fmt.Errorf("read choices: %w", err)
	}
	addDecisions(all, rows)
	return all, nil
}

// decisionBytes is the length of a record of current_choices.
const decisionBytes = 16 + 1 + 8

func addDecisions(all map[RecipientKey]Decision, rows []byte) {
	eachDecision(rows, func(key RecipientKey, d Decision) { all[key] = d })
}

// eachDecision calls visit with each record.
func eachDecision(rows []byte, visit func(RecipientKey, Decision)) {
	for ; len(rows) > 0; rows = rows[decisionBytes:] {
		at := time.UnixMilli(int64(binary.LittleEndian.Uint64(rows[17:]))).UTC()
		visit(RecipientKey(rows[:16]), Decision{Choice(rows[16]), at})
	}
}

// ListedChoice is a recipient's choice in a list.
type ListedChoice struct {
	Key         RecipientKey
	Recipient   string // "" unless a message to the recipient is registered
	Decision    Decision
	Method      string
	TextVersion string
}

// ListChoices returns the current choices, the latest decision first, at most
// limit of them; if recipient is not nil, only that recipient's.
func (w *Warehouse) ListChoices(ctx context.Context, purpose string, recipient *RecipientKey, limit uint64) ([]ListedChoice, error) {
	only := ""
	if recipient != nil {
		only = recipient.String()
	}
	var n uint64
	var keys, recipients, methods, versions []string
	var choices []int8
	var decided []int64
	err := w.ask(ctx, "choice_list", []any{
		clickhouse.Named("purpose", purpose), clickhouse.Named("recipient", only), clickhouse.Named("limit", limit),
	}, &n, &keys, &recipients, &choices, &decided, &methods, &versions)
	if err != nil {
		return nil, fmt.Errorf("list choices: %w", err)
	}
	all := make([]ListedChoice, len(keys))
	for i := range all {
		key, err := ParseRecipientKey(keys[i])
		if err != nil {
			return nil, err
		}
		all[i] = ListedChoice{key, recipients[i], Decision{Choice(choices[i]), time.UnixMilli(decided[i]).UTC()}, methods[i], versions[i]}
	}
	return all, nil
}

// String returns the key as 32 hex digits.
func (k RecipientKey) String() string { return hex.EncodeToString(k[:]) }

// ErrRecipientKey is returned by ParseRecipientKey.
var ErrRecipientKey = errors.New("warehouse: a recipient key has 32 hex digits")

// ParseRecipientKey reads 32 hex digits.
func ParseRecipientKey(s string) (k RecipientKey, err error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(k) {
		return k, ErrRecipientKey
	}
	return RecipientKey(b), nil
}
