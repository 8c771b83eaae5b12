// Package erasure deletes all data of persons: in the warehouse, the write-ahead log, the
// archive, the receipts, the dead letters and the pending events of the webhook.
//
// A request is a file in a folder of the home. The service that owns the log executes it,
// and resumes it after a kill, since each step can be repeated. At the end it replaces the
// request by a receipt, which names no person:
//
//	requests/<id>.json    the order, with the addresses; 0600
//	requests/<id>.state   its progress
//	<id>.json             the receipt
//
// The refusal stays, as the keyed hash of the address in the ledger of choices, and so
// does a hash of each message, by which its later opens are dropped. A message leaves
// every number together with its events.
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

// Folder is the path of the folder of requests and receipts.
type Folder string

// Request is an order to erase persons.
type Request struct {
	ID          string    `json:"id"`
	RequestedAt time.Time `json:"requested_at"`
	Recipients  []string  `json:"recipients"` // normalized
	Counts      Counts    `json:"counts"`     // deleted by earlier tries
}

// Counts are the numbers of deleted items, by place.
type Counts struct {
	Messages      int               `json:"messages"`
	Rows          map[string]uint64 `json:"rows"` // of tables, versions of a row included
	LogLines      int               `json:"log_lines"`
	ArchiveLines  int               `json:"archive_lines"`
	ArchiveFiles  int               `json:"archive_files"`
	ReceiptEvents int               `json:"receipt_events"`
	DeadLetters   int               `json:"dead_letters"`
	WebhookEvents int               `json:"webhook_events"` // pending or given up
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

// Receipt is the record of an executed erasure. It names no person.
type Receipt struct {
	ID            string    `json:"id"`
	RequestedAt   time.Time `json:"requested_at"`
	ErasedAt      time.Time `json:"erased_at"`
	RecipientKeys []string  `json:"recipient_keys"` // keyed hashes of the addresses
	Counts
	Notes []string `json:"notes"` // places that could not be searched
}

// State is the progress of a request.
type State struct {
	Step  string `json:"step"`
	Fault string `json:"fault,omitempty"` // error of the last try; it is retried
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

// Pending returns the requests that are not executed yet, the oldest first.
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

// Receipt returns the receipt of a request; done is false until it is executed.
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

// State returns the progress of a request; the zero State means that it waits.
func (f Folder) State(id string) (s State) {
	if b, err := os.ReadFile(f.statePath(id)); err == nil {
		_ = json.Unmarshal(b, &s) // a missing or damaged file means that it waits
	}
	return s
}

func (f Folder) statePath(id string) string { return filepath.Join(f.requests(), id+".state") }

// note stores the progress of a request, for commands that wait for it.
func (f Folder) note(id string, s State) {
	_ = atomicfile.WriteJSON(f.statePath(id), "  ", s) // only waiting commands need it
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
