package web

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"glint/ingest/warehouse"
)

// live knows the opens as they come: counts of all of them by minute, and a sample
// of the last ones. The counts of before it are the warehouse's, asked again from
// time to time while somebody looks on: up to a moment of receipt the warehouse
// has counted, after it what was seen to be stored. An open that came twice shows
// twice until then.
type live struct {
	server  *Server
	viewers atomic.Int32
	wake    chan struct{} // has an element when there is something new

	mu     sync.Mutex
	counts map[bucket]*[warehouse.Fetchers]uint64
	last   []liveOpen // the last ones, the latest at the end
	serial uint64     // of the latest one
	stored map[int64][warehouse.Fetchers]uint64
	until  int64 // Unix seconds of receipt up to which stored has counted; 0: never
	view   *liveView
	next   chan struct{} // closed when view is replaced

	// Of run alone:
	asking  bool
	askAt   time.Time
	answers chan answer
	names   map[uint64]string
	namesAt time.Time
}

// bucket is the second of receipt and the minute of opens.
type bucket struct{ received, minute int64 }

// liveOpen is one of the last opens.
type liveOpen struct {
	serial                      uint64
	at                          time.Time
	key                         warehouse.MessageKey
	kind                        warehouse.Fetcher
	client, os, device, country string

	resolved  bool
	campaign  string
	addressee warehouse.Addressee
	known     bool // the message is registered
}

const (
	liveHours    = 7 * 24
	liveMinutes  = 60
	keptOpens    = 50               // of the sample
	sampleEach   = 10               // opens of the sample from one batch
	keptBuckets  = 50_000           // more only come with an archive
	receiptSlack = 10 * time.Second // within which an open that was received is stored, as a rule
	keptReceipts = 15 * time.Minute // of counts that the warehouse has not yet been asked for
	askPause     = 20 * time.Second // between two questions to the warehouse, at least
	askShare     = 20               // a question takes at most one part in so many of the time
	minPause     = 250 * time.Millisecond
)

// Live is the live page as a batch.Watcher.
type Live live

func newLive(s *Server) *live {
	return &live{
		server: s, wake: make(chan struct{}, 1), next: make(chan struct{}), answers: make(chan answer, 1),
		counts: map[bucket]*[warehouse.Fetchers]uint64{},
	}
}

// Watched reports whether a live page is open.
func (l *Live) Watched() bool { return l.viewers.Load() > 0 }

// Stored takes opens that are in the warehouse now.
func (l *Live) Stored(opens []warehouse.Open) {
	if len(opens) == 0 {
		return
	}
	l.mu.Lock()
	var at bucket
	var counts *[warehouse.Fetchers]uint64
	every := (len(opens) + sampleEach - 1) / sampleEach
	for i := range opens {
		o := &opens[i]
		kind, ok := o.Fetcher()
		if !ok {
			continue
		}
		b := bucket{o.ReceivedAt.Unix(), o.OpenedAt.Unix() / 60}
		if counts == nil || b != at {
			at = b
			if counts = l.counts[b]; counts == nil {
				counts = new([warehouse.Fetchers]uint64)
				if len(l.counts) < keptBuckets { // else the warehouse counts them, later
					l.counts[b] = counts
				}
			}
		}
		counts[kind]++
		if i%every == 0 && o.ReceivedAt.Sub(o.OpenedAt) < time.Hour { // else it comes from an archive
			(*live)(l).sample(o, kind)
		}
	}
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// sample keeps an open as one of the last ones. Its texts are copied: they are parts
// of a line.
func (l *live) sample(o *warehouse.Open, kind warehouse.Fetcher) {
	l.serial++
	l.last = append(l.last, liveOpen{
		serial: l.serial, at: o.OpenedAt, key: warehouse.MessageKey{CampaignID: o.CampaignID, MessageID: o.MessageID}, kind: kind,
		client: clip(o.Client), os: clip(o.OS), device: clip(o.Device), country: clip(o.Country),
	})
	if len(l.last) > keptOpens {
		l.last = append(l.last[:0:0], l.last[len(l.last)-keptOpens:]...)
	}
}

// clip returns a copy of at most 60 bytes.
func clip(s string) string { return string([]byte(s[:min(len(s), 60)])) }

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

// forget drops the counts that the warehouse has counted for long, and the ones
// that nobody was there to ask for.
func (l *live) forget(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	oldest := max(l.until, now.Add(-keptReceipts).Unix())
	for b := range l.counts {
		if b.received < oldest {
			delete(l.counts, b)
		}
	}
}

// answer is what the warehouse has counted.
type answer struct {
	counts []warehouse.MinuteCount
	until  int64
	took   time.Duration
	err    error
}

// ask counts the opens of the last days.
func (l *live) ask(ctx context.Context, source Source) {
	ctx, cancel := context.WithTimeout(ctx, pageTimeout)
	defer cancel()
	now := l.server.now()
	a := answer{until: now.Add(-receiptSlack).Unix()}
	began := time.Now()
	a.counts, a.err = source.LiveCounts(ctx, now.Truncate(time.Hour).Add(-(liveHours-1)*time.Hour), time.Unix(a.until, 0))
	a.took = time.Since(began)
	l.answers <- a // has room: one question at a time
}

func (l *live) take(a answer) {
	if a.err != nil {
		l.server.logger.Warn("opens not counted for the live page", "error", a.err)
		return
	}
	stored := make(map[int64][warehouse.Fetchers]uint64, len(a.counts))
	for _, c := range a.counts {
		stored[c.Minute] = c.N
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stored, l.until = stored, a.until
}

// resolve finds out whose the last opens are.
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

// seen returns the opens by minute that the warehouse has not counted yet. The lock
// is held.
func (l *live) seen() map[int64][warehouse.Fetchers]uint64 {
	seen := map[int64][warehouse.Fetchers]uint64{}
	for b, counts := range l.counts {
		if b.received >= l.until {
			n := seen[b.minute]
			add(&n, counts)
			seen[b.minute] = n
		}
	}
	return seen
}

func add(to, from *[warehouse.Fetchers]uint64) {
	for kind := range to {
		to[kind] += from[kind]
	}
}
