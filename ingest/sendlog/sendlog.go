// Package sendlog keeps posted registrations until they are in the table sends: a
// post is acknowledged once its record is synced to disk, and its messages are
// inserted together with those of other posts, within about half a second, or two
// where many come. An insert into sends takes tens of milliseconds, a record a
// fraction of one.
//
// Guarantees: a post whose Append has returned nil counts, whatever ends meanwhile
// (Open reads the records again); it counts as a whole or not at all (a post is one
// record, and one part of one insert); it changes nothing that was written later
// (warehouse.KnownSends.Post). A record may be inserted more than once: its rows
// replace each other by key.
//
// The log is a lane of package wal. A record has a line of JSON per message, see
// message.go. A released record is deleted within seconds.
//
// It does not decide how a message is measured; it only follows, while the message
// waits, what makes that less: a refusal, or another registration.
package sendlog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/google/uuid"

	"glint/ingest/wal"
	"glint/ingest/warehouse"
)

// Log holds the registrations that are not yet in the warehouse. It is safe for
// concurrent use.
type Log struct {
	wal    *wal.Log
	file   string // the checkpoint
	logger *slog.Logger
	posted chan struct{} // holds one signal: there are posts
	hurry  chan struct{} // holds one signal: a post waits for its insert

	mu      sync.Mutex
	queue   []*post                           // in the order of Append
	waiting map[uuid.UUID][]*warehouse.Posted // of the queue
}

// post is the messages of one record.
type post struct {
	Post
	atLeast uint64        // its record has this number or a later one
	record  uint64        // once durable
	err     error         // nil, or the post was not taken
	durable chan struct{} // closed when record or err is known
	stored  chan struct{} // closed when its messages are in the warehouse
}

// Post is what is registered together: all of it counts, or nothing.
type Post struct {
	Campaign uint64
	No       warehouse.Fate // of recipients who have refused, as the home is configured
	Messages []warehouse.Posted
}

// Open reads the posts of an earlier run, which are inserted first.
func Open(dir string, log *wal.Log, logger *slog.Logger) (*Log, error) {
	l := &Log{
		wal: log, file: filepath.Join(dir, checkpointFile), logger: logger,
		posted: make(chan struct{}, 1), hurry: make(chan struct{}, 1), waiting: map[uuid.UUID][]*warehouse.Posted{},
	}
	inserted := l.checkpoint()
	_, err := wal.Visit(dir, func(at wal.Position, r *wal.Record) error {
		if at.Record <= inserted {
			return nil
		}
		p, err := decode(r)
		if err != nil {
			return fmt.Errorf("read registration %d: %w", at.Record, err)
		}
		if len(p.Messages) == 0 { // its persons were erased
			return nil
		}
		known := &post{Post: p, record: at.Record, durable: make(chan struct{}), stored: make(chan struct{})}
		close(known.durable)
		l.add(known)
		return nil
	})
	if err != nil {
		return nil, err
	}
	log.Release(wal.Position{Record: inserted + 1})
	return l, nil
}

// Append returns once the post is on disk. Until stored is closed its messages are
// not in the warehouse. Errors come from wal.Log.Append: the post does not
// count, unless the process ends before it is sent again.
func (l *Log) Append(ctx context.Context, p Post) (stored <-chan struct{}, err error) {
	record, err := encode(&p)
	if err != nil {
		return nil, err
	}
	added := &post{Post: p, durable: make(chan struct{}), stored: make(chan struct{})}
	l.mu.Lock()
	_, added.atLeast = l.wal.Position()
	l.add(added)
	l.mu.Unlock()
	at, err := l.wal.Append(ctx, record)
	added.record, added.err = at.Record, err
	close(added.durable)
	if err != nil {
		l.mu.Lock()
		l.remove(added)
		l.mu.Unlock()
		return nil, err
	}
	signal(l.posted)
	return added.stored, nil
}

// Hurry makes the next insert begin at once.
func (l *Log) Hurry() { signal(l.hurry) }

// Waiting returns the posts of these messages that may not be in the warehouse yet,
// in their order. Ask the warehouse afterwards, not before.
func (l *Log) Waiting(messages []uuid.UUID) (all []warehouse.Posted) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 {
		return nil
	}
	for _, id := range messages {
		for _, p := range l.waiting[id] {
			all = append(all, *p)
		}
	}
	return all
}

// add appends to the queue. The caller holds l.mu, or no other goroutine has l.
func (l *Log) add(p *post) {
	l.queue = append(l.queue, p)
	for i := range p.Messages {
		m := &p.Messages[i]
		l.waiting[m.MessageID] = append(l.waiting[m.MessageID], m)
	}
}

// remove removes posts from the queue. The caller holds l.mu.
func (l *Log) remove(posts ...*post) {
	gone := map[*post]bool{}
	for _, p := range posts {
		gone[p] = true
	}
	l.queue = slices.DeleteFunc(l.queue, func(p *post) bool { return gone[p] })
	for _, p := range posts {
		for i := range p.Messages {
			m := &p.Messages[i]
			left := slices.DeleteFunc(l.waiting[m.MessageID], func(other *warehouse.Posted) bool { return other == m })
			if len(left) == 0 {
				delete(l.waiting, m.MessageID)
			} else {
				l.waiting[m.MessageID] = left
			}
		}
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // one is pending
	}
}

const checkpointFile = "checkpoint.json"

// checkpoint is up to which record all are in the warehouse.
type checkpoint struct {
	Inserted uint64 `json:"inserted_record"` // itself included
}

// checkpoint returns the last record that need not be inserted. Without a usable
// file it returns 0: to insert a post again changes nothing.
func (l *Log) checkpoint() uint64 {
	var c checkpoint
	text, err := os.ReadFile(l.file)
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		l.logger.Warn("checkpoint of registrations not read, they are inserted again", "error", err)
	}
	if _, next := l.wal.Position(); err != nil || c.Inserted >= next { // of another log
		return 0
	}
	return c.Inserted
}
