package web

import (
	"context"
	"time"

	"github.com/google/uuid"

	"glint/ingest/warehouse"
)

// run works until ctx ends.
func (l *live) run(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case a := <-l.answers:
			l.asking, l.askAt = false, time.Now().Add(max(askPause, askShare*a.took))
			l.take(a)
		case <-tick.C:
			l.forget(l.server.now())
		case <-l.wake:
		}
		source := l.server.source.Load()
		if source == nil || l.viewers.Load() == 0 {
			continue
		}
		if !l.asking && !time.Now().Before(l.askAt) {
			l.asking = true
			go l.ask(ctx, *source)
		}
		l.resolve(ctx, *source)
		l.publish()
		select { // at most so often
		case <-ctx.Done():
		case <-time.After(minPause):
		}
	}
}

// forget drops the counts that the warehouse has covered for some time, and counts from
// times without an open live page.
func (l *live) forget(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	oldest := max(l.stored.until, now.Add(-keptReceipts).Unix())
	for b := range l.counts {
		if b.received < oldest {
			delete(l.counts, b)
		}
	}
	l.pages.forget(oldest)
	l.referrers.forget(oldest)
}

// answer is the counts of the warehouse, or the error of the query.
type answer struct {
	counted
	took time.Duration
	err  error
}

// ask queries the counts of the last days.
func (l *live) ask(ctx context.Context, source Source) {
	ctx, cancel := context.WithTimeout(ctx, pageTimeout)
	defer cancel()
	began, now := time.Now(), l.server.now()
	since, until := now.Truncate(time.Hour).Add(-(liveHours-1)*time.Hour), time.Unix(now.Add(-receiptSlack).Unix(), 0)
	a := answer{counted: counted{until: until.Unix(), minutes: map[int64]warehouse.LiveTally{}}}
	counts, err := source.LiveCounts(ctx, since, until)
	for _, c := range counts {
		a.minutes[c.Minute] = c.N
	}
	if err == nil {
		a.pages, err = source.LivePages(ctx, since, until)
	}
	if err == nil {
		a.referrers, err = source.LiveReferrers(ctx, since, until)
	}
	a.took, a.err = time.Since(began), err
	l.answers <- a // has room: one question at a time
}

func (l *live) take(a answer) {
	if a.err != nil {
		if l.viewers.Load() == 0 {
			return // no viewer waits for it
		}
		l.server.logger.Warn("events not counted for the live page", "error", a.err)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stored = a.counted
}

// resolve looks up the campaigns and recipients of the latest opens.
func (l *live) resolve(ctx context.Context, source Source) {
	l.mu.Lock()
	var wanted []warehouse.MessageKey
	strange := false
	for i := range l.last {
		if o := &l.last[i]; !o.resolved {
			wanted = append(wanted, o.key)
			if _, known := l.names[o.key.CampaignID]; !known {
				strange = true
			}
		}
	}
	l.mu.Unlock()
	if len(wanted) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if strange && time.Since(l.namesAt) > 2*time.Second {
		names, err := source.Names(ctx)
		if err != nil {
			l.server.logger.Warn("names of campaigns not read for the live page", "error", err)
			return
		}
		l.names, l.namesAt = names, time.Now()
	}
	found, err := source.Addressees(ctx, wanted)
	if err != nil {
		l.server.logger.Warn("recipients not read for the live page", "error", err)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	asked := map[uuid.UUID]bool{}
	for _, key := range wanted {
		asked[key.MessageID] = true
	}
	for i := range l.last {
		if o := &l.last[i]; !o.resolved && asked[o.key.MessageID] {
			o.resolved, o.campaign = true, l.names[o.key.CampaignID]
			o.addressee, o.known = found[o.key.MessageID]
		}
	}
}
