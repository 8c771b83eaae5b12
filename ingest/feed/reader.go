package feed

import (
	"context"
	"time"

	"github.com/google/uuid"

	"glint/ingest/warehouse"
)

// Limits of the reader's search for rows that were not visible before.
const (
	// overlap is the maximum time between an arrival's time and its visibility.
	overlap = time.Minute
	// behindOverlap is added to the recent maximum time between receipt and arrival, for
	// a search for events whose arrival may be missing.
	behindOverlap = 2 * time.Minute
	maxWaited     = 24 * time.Hour
	// arrivalsKept is the time for which the warehouse keeps arrivals, less a reserve.
	arrivalsKept = 22 * time.Hour

	maxArrivals = 20_000 // in one query
	// saveCursor is the interval at which the cursor is stored without new events.
	saveCursor = time.Minute
)

// reader finds new events in the warehouse.
type reader struct {
	feed   *Feed
	recent recent
	seen   map[warehouse.Arrival]int // read arrivals within overlap, with the number of equal ones
	since  time.Time                 // zero: overlap before the cursor
	behind bool                      // arrivals may be missing

	work *work // current work; nil: none
}

// work is the events of some arrivals. It stays in memory until the target accepts them;
// after a restart it is read again from the cursor on.
type work struct {
	query    warehouse.FeedQuery
	arrivals []warehouse.Arrival
	cursor   time.Time // new cursor after the work, if it is later
}

// read sends new events until none is left or the target accepts no more.
func (r *reader) read(ctx context.Context) error {
	for ctx.Err() == nil {
		if goesOn, err := r.step(ctx); err != nil || !goesOn {
			return err
		}
	}
	return ctx.Err()
}

// step sends a page of new events. Events may be erased between two steps.
func (r *reader) step(ctx context.Context) (goesOn bool, err error) {
	r.feed.turning.Lock()
	defer r.feed.turning.Unlock()
	if r.work == nil {
		if err := r.look(ctx); err != nil {
			r.behind = true // the warehouse may have lost an arrival with its answer
			return false, err
		}
		if r.work == nil {
			return false, nil
		}
	}
	return r.page(ctx)
}

// look starts the work on events that arrived since the cursor.
func (r *reader) look(ctx context.Context) error {
	f := r.feed
	if r.behind {
		return r.catchUp(ctx)
	}
	since := r.since
	if since.IsZero() {
		since = later(f.state.Cursor.Add(-overlap), f.state.Begin)
	}
	all, now, err := f.warehouse.ArrivalsSince(ctx, since, maxArrivals)
	if err != nil {
		return err
	}
	if now.Sub(f.state.Cursor) > arrivalsKept {
		return r.catchUp(ctx)
	}
	var fresh []warehouse.Arrival
	alike := map[warehouse.Arrival]int{}
	for _, a := range all {
		if alike[a]++; alike[a] > r.seen[a] {
			fresh = append(fresh, a)
		}
	}
	r.since = time.Time{}
	if len(all) == maxArrivals {
		r.since = all[len(all)-1].At // there are more
	}
	if len(fresh) > 0 {
		r.work = &work{arrivals: fresh, query: r.query(fresh)}
		return nil
	}
	if r.since.IsZero() {
		f.state.Cursor = later(f.state.Cursor, now.Add(-overlap))
	}
	if f.state.Cursor.Sub(f.savedCursor) > saveCursor {
		return f.save()
	}
	return nil
}

// catchUp starts the work on events that were received since the cursor. Arrivals are also
// read from the cursor on, as far as the warehouse still has them.
func (r *reader) catchUp(ctx context.Context) error {
	f := r.feed
	_, now, err := f.warehouse.ArrivalsSince(ctx, f.now(), 1)
	if err != nil {
		return err
	}
	since := later(f.state.Cursor.Add(-behindOverlap-f.state.Waited), f.state.Begin)
	all, err := f.warehouse.ReceivedSince(ctx, since)
	if err != nil {
		return err
	}
	r.behind = false
	r.work = &work{query: r.query(all), cursor: now.Add(time.Hour - arrivalsKept)}
	return nil
}

// query returns the query for the events of arrivals, with one range for each campaign.
func (r *reader) query(arrivals []warehouse.Arrival) warehouse.FeedQuery {
	q := warehouse.FeedQuery{Events: string(r.feed.config.Events), Limit: pageEvents}
	place := map[uint64]int{}
	for _, a := range arrivals {
		i, known := place[a.CampaignID]
		if !known {
			place[a.CampaignID] = len(q.Wanted)
			q.Wanted = append(q.Wanted, a)
			continue
		}
		w := &q.Wanted[i]
		if a.First.Before(w.First) {
			w.First = a.First
		}
		w.Last = later(w.Last, a.Last)
	}
	return q
}

// page sends the next page of the work; taken is false if the target accepts no more now.
func (r *reader) page(ctx context.Context) (taken bool, err error) {
	f, w := r.feed, r.work
	if len(f.state.Pending) >= maxPending || !f.health.tries(f.now()) {
		return false, nil
	}
	events, err := f.warehouse.FeedPage(ctx, &w.query)
	if err != nil {
		r.behind = true
		return false, err
	}
	var letters []*letter
	for i := range events {
		if id := idOf(f.config.Events, &events[i]); !r.recent.has(id, events[i].MessageID, f.now()) {
			letters = append(letters, &letter{ID: id, Event: events[i], Next: f.now()})
		}
	}
	left, err := f.send(ctx, letters)
	f.state.Pending = append(f.state.Pending, left...)
	if len(events) < w.query.Limit {
		r.finish()
	} else {
		w.query.After = events[len(events)-1]
	}
	if len(letters) > 0 || r.work == nil {
		if saveErr := f.save(); err == nil {
			err = saveErr
		}
	}
	return err == nil, err
}

// finish ends the work and moves the cursor past it.
func (r *reader) finish() {
	s := r.feed.state
	if r.seen == nil {
		r.seen = map[warehouse.Arrival]int{}
	}
	if len(r.work.arrivals) > 0 {
		s.Waited = 0
	}
	for _, a := range r.work.arrivals {
		r.seen[a]++
		s.Cursor = later(s.Cursor, a.At)
		s.Waited = min(max(s.Waited, a.At.Sub(a.First)), maxWaited)
	}
	s.Cursor = later(s.Cursor, r.work.cursor)
	for a := range r.seen {
		if a.At.Before(s.Cursor.Add(-overlap)) {
			delete(r.seen, a)
		}
	}
	r.work = nil
}

// finished returns the ids that were read recently.
func (r *reader) finished() (ids []string) {
	for _, generation := range []map[string]uuid.UUID{r.recent.before, r.recent.now} {
		for id := range generation {
			if len(ids) == maxRead {
				return ids
			}
			ids = append(ids, id)
		}
	}
	return ids
}

// maxRead is the maximum number of ids that an orderly end stores.
const maxRead = 100_000

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
