// Package erasure deletes persons: from the warehouse, the write-ahead log, the
// archive, the receipts, the dead letters and what the webhook has not taken.
//
// A request is a file in a folder of the home. The service that owns the log carries it
// out, and a service that was killed goes on with it after its next start, since each
// step may be done again; then it writes a receipt, which names nobody, in its place:
//
//	requests/<id>.json    the order, with the addresses; 0600
//	requests/<id>.state   how far it is
//	<id>.json             the receipt
//
// The refusal stays, as the keyed hash of the address in the ledger of choices, and
// each message as a hash by which later opens of it are dropped. What was counted of
// the person falls out of every number together: the message and its events.
package erasure

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"glint/ingest/host/atomicfile"
)

// Folder is where requests and receipts are.
type Folder string

// Request is an order to erase persons.
type Request struct {
	ID          string    `json:"id"`
	RequestedAt time.Time `json:"requested_at"`
	Recipients  []string  `json:"recipients"` // normalized
	Counts      Counts    `json:"counts"`     // what earlier tries have deleted
}

// Counts are what was deleted, by place.
type Counts struct {
	Messages      int               `json:"messages"`
	Rows          map[string]uint64 `json:"rows"` // of tables, versions of a row included
	LogLines      int               `json:"log_lines"`
	ArchiveLines  int               `json:"archive_lines"`
	ArchiveFiles  int               `json:"archive_files"`
	ReceiptEvents int               `json:"receipt_events"`
	DeadLetters   int               `json:"dead_letters"`
	WebhookEvents int               `json:"webhook_events"` // that waited, or were given up
}

// None reports whether nothing was deleted.
func (c *Counts) None() bool {
	for _, rows := range c.Rows {
		if rows > 0 {
			return false
		}
	}
	return c.Messages+c.LogLines+c.ArchiveLines+c.ReceiptEvents+c.DeadLetters+c.WebhookEvents == 0
}

// Receipt says what was done. It names nobody.
type Receipt struct {
	ID            string    `json:"id"`
	RequestedAt   time.Time `json:"requested_at"`
	ErasedAt      time.Time `json:"erased_at"`
	RecipientKeys []string  `json:"recipient_keys"` // keyed hashes of the addresses
	Counts
	Notes []string `json:"notes"` // what could not be searched
}

// State is how far a request is.
type State struct {
	Step  string `json:"step"`
	Fault string `json:"fault,omitempty"` // of the last try; another one follows
}

func (f Folder) requests() string { return filepath.Join(string(f), "requests") }

func (f Folder) path(id string) string { return filepath.Join(f.requests(), id+extension) }

const extension = ".json"

// Place orders an erasure and returns the id of the request.
func (f Folder) Place(recipients []string, now time.Time) (string, error) {
	if err := os.MkdirAll(f.requests(), 0o700); err != nil {
		return "", fmt.Errorf("order an erasure: %w", err)
	}
	r := Request{ID: now.UTC().Format("20060102T150405") + "-" + strings.ToLower(rand.Text()[:8]), RequestedAt: now.UTC().Truncate(time.Millisecond), Recipients: recipients}
	return r.ID, f.keep(&r)
}

func (f Folder) keep(r *Request) error {
	if err := atomicfile.WriteJSON(f.path(r.ID), "  ", r); err != nil {
		return fmt.Errorf("keep an order to erase: %w", err)
	}
	return nil
}

// Pending returns the requests that are not carried out, the oldest first.
func (f Folder) Pending() ([]Request, error) {
	entries, err := os.ReadDir(f.requests())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("look for orders to erase: %w", err)
	}
	var all []Request
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), extension) || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		var r Request
		b, err := os.ReadFile(filepath.Join(f.requests(), e.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = json.Unmarshal(b, &r)
		}
		if err != nil || r.ID+extension != e.Name() {
			return nil, fmt.Errorf("read an order to erase: %s is damaged", e.Name())
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b Request) int { return cmp.Or(a.RequestedAt.Compare(b.RequestedAt), cmp.Compare(a.ID, b.ID)) })
	return all, nil
}

// Receipt returns the receipt of a request, and false while it is not carried out.
func (f Folder) Receipt(id string) (r Receipt, done bool, err error) {
	b, err := os.ReadFile(filepath.Join(string(f), id+extension))
	if errors.Is(err, fs.ErrNotExist) {
		return r, false, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &r)
	}
	if err != nil {
		return r, false, fmt.Errorf("read the receipt of an erasure: %w", err)
	}
	return r, true, nil
}

// State returns how far a request is; zero: it waits.
func (f Folder) State(id string) (s State) {
	if b, err := os.ReadFile(f.statePath(id)); err == nil {
		_ = json.Unmarshal(b, &s) // else it waits
	}
	return s
}

func (f Folder) statePath(id string) string { return filepath.Join(f.requests(), id+".state") }

// note keeps how far a request is, for those who wait for it.
func (f Folder) note(id string, s State) {
	_ = atomicfile.WriteJSON(f.statePath(id), "  ", s) // only they miss it
}

// finish writes the receipt and removes the request.
func (f Folder) finish(r *Receipt) error {
	err := atomicfile.WriteJSON(filepath.Join(string(f), r.ID+extension), "  ", r)
	if err == nil {
		err = remove(f.path(r.ID))
	}
	if err == nil {
		err = remove(f.statePath(r.ID))
	}
	if err == nil {
		err = atomicfile.SyncDir(f.requests())
	}
	if err != nil {
		return fmt.Errorf("write the receipt of an erasure: %w", err)
	}
	return nil
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
