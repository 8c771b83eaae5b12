package sendlog

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/google/uuid"

	"glint/ingest/consent"
	"glint/ingest/host/atomicfile"
	"glint/ingest/host/backoff"
	"glint/ingest/sends"
	"glint/ingest/wal"
	"glint/ingest/warehouse"
)

const (
	// The pause in which posts are collected: each insert is a part that
	// ClickHouse has to merge, which holds up the posts of that time.
	insertEvery = 500 * time.Millisecond
	busyEvery   = 2 * time.Second // after an insert of so many posts:
	busyPosts   = 50
	firstPause  = 250 * time.Millisecond // after a failed insert
	lastPause   = 10 * time.Second
)

// Run inserts the posts until ctx ends. Messages of campaigns of which deleted
// returns true are forgotten.
func (l *Log) Run(ctx context.Context, w *warehouse.Warehouse, deleted func(campaign uint64) bool) {
	pauses := backoff.Backoff{First: firstPause, Last: lastPause}
	for ctx.Err() == nil {
		posts := l.first()
		if len(posts) == 0 {
			select {
			case <-l.posted:
			case <-ctx.Done():
			}
			l.collect(ctx, insertEvery)
			continue
		}
		err := l.insert(ctx, w, posts, deleted)
		if err == nil {
			pauses.Reset()
			pause := insertEvery
			if len(posts) >= busyPosts {
				pause = busyEvery
			}
			l.collect(ctx, pause)
			continue
		}
		if ctx.Err() == nil {
			l.logger.Warn("registrations not inserted, trying again", "error", err)
		}
		_ = pauses.Wait(ctx) // the loop ends with ctx
	}
}

// collect waits for further posts, unless one is urgent.
func (l *Log) collect(ctx context.Context, pause time.Duration) {
	end := time.NewTimer(pause)
	defer end.Stop()
	select {
	case <-l.hurry:
	case <-end.C:
	case <-ctx.Done():
	}
}

// first returns the oldest posts, as many as an insert takes, once each is durable.
func (l *Log) first() (durable []*post) {
	l.mu.Lock()
	var posts []*post
	rows := 0
	for _, p := range l.queue {
		if rows += len(p.Messages); rows > sends.MaxAtOnce && len(posts) > 0 {
			break
		}
		posts = append(posts, p)
	}
	l.mu.Unlock()
	for _, p := range posts {
		if <-p.durable; p.err == nil {
			durable = append(durable, p)
		}
	}
	return durable
}

// inserting is what one insert does.
type inserting struct {
	rows   map[uuid.UUID]warehouse.Send
	before map[uint64][]warehouse.Restriction // by campaign: messages of which less than before may be measured
	after  map[uint64][]warehouse.Restriction // messages whose posted URL says more than may be measured
}

// insert brings posts into the warehouse. It may be called again after any error.
func (l *Log) insert(ctx context.Context, w *warehouse.Warehouse, posts []*post, deleted func(uint64) bool) error {
	i := inserting{map[uuid.UUID]warehouse.Send{}, map[uint64][]warehouse.Restriction{}, map[uint64][]warehouse.Restriction{}}
	campaigns := map[uint64][]*post{}
	for _, p := range posts {
		if !deleted(p.Campaign) {
			campaigns[p.Campaign] = append(campaigns[p.Campaign], p)
		}
	}
	for campaign, of := range campaigns {
		if err := i.decide(ctx, w, campaign, of); err != nil {
			return err
		}
	}
	since := time.Now()
	if err := restrict(ctx, w, i.before); err != nil {
		return err
	}
	rows := make([]warehouse.Send, 0, len(i.rows))
	for _, row := range i.rows {
		rows = append(rows, row)
	}
	if len(rows) > 0 {
		if err := w.InsertSends(ctx, "posted-"+rand.Text(), rows); err != nil {
			return err
		}
	}
	if err := restrict(ctx, w, i.after); err != nil {
		return err
	}
	if len(i.before)+len(i.after) > 0 {
		if _, err := w.ApplyWithdrawals(ctx, since.Add(-time.Second)); err != nil {
			return err
		}
	}
	l.inserted(posts)
	return nil
}

// decide adds the rows of a campaign's posts to an insert, by what the warehouse
// contains now.
func (i *inserting) decide(ctx context.Context, w *warehouse.Warehouse, campaign uint64, posts []*post) error {
	hasher, err := w.RecipientHasher(ctx)
	if err != nil {
		return err
	}
	var messages []uuid.UUID
	var keys []warehouse.RecipientKey
	for _, p := range posts {
		for m := range p.Messages {
			messages = append(messages, p.Messages[m].MessageID)
			keys = append(keys, hasher.Key(p.Messages[m].Recipient))
		}
	}
	choices, err := w.ChoicesOf(ctx, consent.PurposeOpens, keys)
	if err != nil {
		return err
	}
	known, err := w.KnownMessages(ctx, campaign, messages)
	if err != nil {
		return err
	}
	first := map[uuid.UUID]warehouse.Tracking{} // as the messages were registered before
	for _, id := range messages {
		if t, ok := known.Tracking(id); ok {
			first[id] = t
		}
	}
	urls := map[uuid.UUID]warehouse.Tracking{} // most that a URL of a post says
	for _, p := range posts {
		rule := sends.Consent{No: p.No}
		for m := range p.Messages {
			posted := p.Messages[m]
			if url, ok := urls[posted.MessageID]; !ok || posted.Tracking < url {
				urls[posted.MessageID] = posted.Tracking
			}
			posted.Tracking = rule.Effective(warehouse.Identified, posted.Tracking, choices[hasher.Key(posted.Recipient)].Choice)
			if row, write := known.Post(&posted); write {
				i.rows[row.MessageID] = row
			}
		}
	}
	no := posts[len(posts)-1].No
	for id, url := range urls {
		t, _ := known.Tracking(id)
		if was, ok := first[id]; ok && was < t {
			i.before[campaign] = append(i.before[campaign], warehouse.Restriction{Message: id, Fate: warehouse.FateOf(t, no)})
		}
		if url < t {
			i.after[campaign] = append(i.after[campaign], warehouse.Restriction{Message: id, Fate: warehouse.FateOf(t, no)})
		}
	}
	return nil
}

func restrict(ctx context.Context, w *warehouse.Warehouse, campaigns map[uint64][]warehouse.Restriction) error {
	for campaign, messages := range campaigns {
		if _, err := w.Restrict(ctx, campaign, messages); err != nil {
			return err
		}
	}
	return nil
}

// lowest returns a number up to which the post has no record.
func (p *post) lowest() uint64 {
	select {
	case <-p.durable:
		if p.err == nil {
			return p.record
		}
	default:
	}
	return p.atLeast
}

// inserted forgets posts that are in the warehouse.
func (l *Log) inserted(posts []*post) {
	l.mu.Lock()
	l.remove(posts...)
	next := uint64(0)
	for _, p := range posts {
		next = max(next, p.record+1)
	}
	for _, p := range l.queue { // the order of the records may differ from that of the queue
		next = min(next, p.lowest())
	}
	l.mu.Unlock()
	for _, p := range posts {
		close(p.stored)
	}
	if err := atomicfile.WriteJSON(l.file, "", checkpoint{next - 1}); err != nil {
		l.logger.Warn("checkpoint of registrations not kept", "error", fmt.Errorf("write %s: %w", checkpointFile, err))
	}
	l.wal.Release(wal.Position{Record: next})
}
