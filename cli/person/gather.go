package person

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"glint/cli/internal/app"
	"glint/ingest/archive/archiver"
	"glint/ingest/deadletters"
	"glint/ingest/erasure"
	"glint/ingest/objects"
	"glint/ingest/receipts"
	"glint/ingest/receiver/codec"
	"glint/ingest/wal"
	"glint/ingest/warehouse"
)

// held is all data of a person.
type held struct {
	Recipient    string
	Key          warehouse.RecipientKey
	Rows         map[string][]json.RawMessage // by table
	Log          []string                     // lines
	Archive      []string
	DeadLetters  []string
	ReceiptCount int      // events in receipts
	Notes        []string // places that could not be searched
}

// tables lists the tables in the order of output.
var tables = []string{
	"sends", "recipient_messages", "message_campaigns", "opens", "deliveries", "unresolved_opens", "unresolved_deliveries", "bad_tokens", "web_events",
	"last_opens", "consents", "withdrawals",
}

// places returns the names of all places and the count of each.
func (h *held) places() (names []string, counts []int) {
	for _, table := range tables {
		names, counts = append(names, table), append(counts, len(h.Rows[table]))
	}
	return append(names, "log", "archive", "receipts", "dead letters"), append(counts, len(h.Log), len(h.Archive), h.ReceiptCount, len(h.DeadLetters))
}

// gather searches all places for a normalized address.
func gather(ctx context.Context, a *app.App, w *warehouse.Warehouse, recipient string, store objects.Store) (*held, error) {
	hasher, err := w.RecipientHasher(ctx)
	if err != nil {
		return nil, err
	}
	h := &held{Recipient: recipient, Key: hasher.Key(recipient), Notes: []string{}}
	if h.Rows, err = w.PersonRows(ctx, h.Key); err != nil {
		return nil, err
	}
	p := h.persons()
	if err := h.events(ctx, w, p); err != nil {
		return nil, err
	}
	if err := h.log(a, p); err != nil {
		return nil, err
	}
	if err := h.receipts(a); err != nil {
		return nil, err
	}
	if err := h.letters(a, p); err != nil {
		return nil, err
	}
	if store == nil {
		h.Notes = append(h.Notes, "no archive was searched; --archive names one")
		return h, nil
	}
	err = archiver.Each(ctx, store, func(name string) error {
		content, err := archiver.Read(ctx, store, name)
		if err == nil {
			err = archiver.EachLine(content, func(line []byte) {
				if p.Named(line) {
					h.Archive = append(h.Archive, strings.TrimSpace(string(line)))
				}
			})
		}
		if err != nil {
			return fmt.Errorf("search %s of the archive: %w", name, err)
		}
		return nil
	})
	return h, err
}

func (h *held) persons() *erasure.Persons {
	p := &erasure.Persons{Addresses: map[string]bool{h.Recipient: true}, Messages: map[uuid.UUID]bool{}}
	for _, table := range []string{"sends", "recipient_messages"} {
		for _, row := range h.Rows[table] {
			if id, err := uuid.Parse(field(row, "message_id")); err == nil {
				p.Messages[id] = true
			}
		}
	}
	return p
}

// events adds the rows of bad tokens and web events whose text contains the address.
func (h *held) events(ctx context.Context, w *warehouse.Warehouse, p *erasure.Persons) error {
	known := map[string]bool{}
	for _, row := range h.Rows["web_events"] {
		known[field(row, "event_id")] = true
	}
	var events []uint64
	err := w.EachText(ctx, func(_ string, row warehouse.TextRow) {
		if p.Named([]byte(row.Text)) && !known[strconv.FormatUint(row.EventID, 10)] {
			events = append(events, row.EventID)
		}
	})
	if err != nil {
		return err
	}
	rows, err := w.EventRows(ctx, events)
	for table, more := range rows {
		h.Rows[table] = append(h.Rows[table], more...)
	}
	return err
}

func (h *held) log(a *app.App, p *erasure.Persons) error {
	for _, lane := range wal.LaneNames {
		_, err := wal.Visit(filepath.Join(a.Home.LogDir(), lane), func(_ wal.Position, r *wal.Record) error {
			text, err := codec.AppendDecoded(nil, codec.Codec(r.Codec), r.Body, int64(r.DecodedBytes))
			if err != nil {
				return err
			}
			for line := range strings.Lines(string(text)) {
				if p.Named([]byte(line)) {
					h.Log = append(h.Log, strings.TrimSpace(line))
				}
			}
			return nil
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("search the log: %w", err)
		}
	}
	return nil
}

func (h *held) receipts(a *app.App) error {
	events := map[uint64]bool{}
	for _, table := range []string{"opens", "unresolved_opens"} {
		for _, row := range h.Rows[table] {
			if id, err := strconv.ParseUint(field(row, "event_id"), 10, 64); err == nil {
				events[id] = true
			}
		}
	}
	r, err := receipts.OpenReader(filepath.Join(a.Home.LogDir(), receipts.Folder))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, at := range r.Hours() {
		hour, err := r.Hour(at)
		if err != nil {
			return err
		}
		err = hour.Each(func(r *receipts.Receipt) error {
			for _, event := range r.Events {
				if events[event] {
					h.ReceiptCount++
				}
			}
			return nil
		})
		if err := errors.Join(err, hour.Close()); err != nil {
			return err
		}
	}
	return nil
}

func (h *held) letters(a *app.App, p *erasure.Persons) error {
	if _, err := os.Stat(a.Home.DeadLetterDir()); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	folder, err := deadletters.Open(a.Home.DeadLetterDir(), 0)
	if err != nil {
		return err
	}
	files, err := folder.Files()
	if err != nil {
		return err
	}
	for _, file := range files {
		for letter, err := range folder.Letters(file.Name) {
			if errors.Is(err, fs.ErrNotExist) {
				break
			}
			if err != nil {
				h.Notes = append(h.Notes, "dead letters "+file.Name+" are damaged")
				break
			}
			if p.Named([]byte(letter.Line)) {
				h.DeadLetters = append(h.DeadLetters, letter.Line)
			}
		}
	}
	return nil
}

// message is a message that was sent to the person.
type message struct {
	Campaign   string `json:"campaign"`
	CampaignID string `json:"campaign_id"`
	MessageID  string `json:"message_id"`
	SentAt     string `json:"sent_at"` // "": unknown
	Tracking   string `json:"tracking"`
	Opens      int    `json:"opens"`  // events of any class
	Events     int    `json:"events"` // others: bounces, clicks …
}

// messages returns the person's messages, the latest first.
func (h *held) messages() []message {
	names, opens, events := map[string]string{}, map[string]int{}, map[string]int{}
	for _, row := range h.Rows["campaigns"] {
		names[field(row, "campaign_id")] = field(row, "name")
	}
	for _, row := range h.Rows["opens"] {
		opens[field(row, "message_id")]++
	}
	for _, row := range h.Rows["deliveries"] {
		events[field(row, "message_id")]++
	}
	all := []message{}
	for _, row := range h.Rows["sends"] {
		m := message{
			CampaignID: field(row, "campaign_id"), MessageID: field(row, "message_id"), SentAt: field(row, "sent_at"), Tracking: field(row, "tracking"),
		}
		m.Campaign, m.Opens, m.Events = names[m.CampaignID], opens[m.MessageID], events[m.MessageID]
		if strings.HasPrefix(m.SentAt, "1970-01-01T00:00:00") {
			m.SentAt = ""
		}
		all = append(all, m)
	}
	slices.SortStableFunc(all, func(a, b message) int { return strings.Compare(b.SentAt, a.SentAt) })
	return all
}
