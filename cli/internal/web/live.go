package web

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"glint/ingest/warehouse"
)

// live counts the opens, page views and custom events as they arrive, by minute and by
// page, and keeps a sample of the latest. Earlier counts come from the warehouse, which is
// queried again from time to time while a live page is open: the warehouse counts
// everything received up to one moment, and live counts the rows stored after it. A
// repeated line counts twice until the next query.
type live struct {
	server  *Server
	viewers atomic.Int32
	wake    chan struct{} // has an element when there is something new

	mu        sync.Mutex
	counts    map[bucket]*warehouse.LiveTally
	pages     seenPages
	referrers seenPages
	last      []liveOpen  // the last ones, the latest at the end
	visits    []liveVisit // likewise
	serial    uint64      // of the latest one of both
	stored    counted
	view      *liveView
	next      chan struct{} // closed when view is replaced

	// Of run alone:
	asking  bool
	askAt   time.Time
	answers chan answer
	names   map[uint64]string
	namesAt time.Time
}

// bucket is the second of receipt and the minute of the event.
type bucket struct{ received, minute int64 }

// counted is the counts of the warehouse.
type counted struct {
	minutes          map[int64]warehouse.LiveTally
	pages, referrers map[warehouse.LivePage]uint64
	until            int64 // Unix seconds of receipt up to which it counted; 0: never
}

// liveOpen is one of the last opens.
type liveOpen struct {
	serial                      uint64
	at                          time.Time
	key                         warehouse.MessageKey
	kind                        warehouse.LiveKind
	client, os, device, country string

	resolved  bool
	campaign  string
	addressee warehouse.Addressee
	known     bool // the message is registered
}

// liveVisit is one of the last page views and custom events.
type liveVisit struct {
	serial                               uint64
	at                                   time.Time
	kind                                 warehouse.LiveKind
	name, client, country                string
	site, host, path, referrer, fromPath string
}

const (
	liveDays     = 7
	liveHours    = liveDays * 24
	liveMinutes  = 60
	keptLast     = 30               // of each sample
	sampleEach   = 10               // of the sample from one batch
	keptBuckets  = 50_000           // more only come with an archive
	receiptSlack = 10 * time.Second // within which a received line is usually stored
	keptReceipts = 15 * time.Minute // of counts that no query of the warehouse covers yet
	askPause     = 20 * time.Second // minimum between two queries of the warehouse
	askShare     = 20               // queries take at most 1/askShare of the time
	minPause     = 250 * time.Millisecond
)

// Live is the live page as a batch.Watcher.
type Live live

func newLive(s *Server) *live {
	return &live{
		server: s, wake: make(chan struct{}, 1), next: make(chan struct{}), answers: make(chan answer, 1),
		counts: map[bucket]*warehouse.LiveTally{}, pages: seenPages{}, referrers: seenPages{},
	}
}

// Watched reports whether a live page is open.
func (l *Live) Watched() bool { return l.viewers.Load() > 0 }

// Stored takes rows that are in the warehouse now.
func (l *Live) Stored(opens []warehouse.Open, events []warehouse.WebEvent) {
	if len(opens)+len(events) == 0 {
		return
	}
	l.mu.Lock()
	(*live)(l).opened(opens)
	(*live)(l).visited(events)
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// opened counts opens. The lock is held, as for the methods below.
func (l *live) opened(opens []warehouse.Open) {
	every := (len(opens) + sampleEach - 1) / sampleEach
	for i := range opens {
		o := &opens[i]
		kind, ok := o.LiveKind()
		if !ok {
			continue
		}
		l.count(o.ReceivedAt, o.OpenedAt, kind)
		if i%every == 0 && isRecent(o.ReceivedAt, o.OpenedAt) {
			l.serial++
			l.last = latest(append(l.last, liveOpen{
				serial: l.serial, at: o.OpenedAt, key: warehouse.MessageKey{CampaignID: o.CampaignID, MessageID: o.MessageID}, kind: kind,
				client: clip(o.Client), os: clip(o.OS), device: clip(o.Device), country: clip(o.Country),
			}))
		}
	}
}

// visited counts page views and custom events.
func (l *live) visited(events []warehouse.WebEvent) {
	every := (len(events) + sampleEach - 1) / sampleEach
	for i := range events {
		e := &events[i]
		kind, ok := e.LiveKind()
		if !ok {
			continue
		}
		l.count(e.ReceivedAt, e.OccurredAt, kind)
		if kind == warehouse.PageView {
			l.pages.count(e.ReceivedAt, e.Page())
			if from, ok := e.Referrer(); ok {
				l.referrers.count(e.ReceivedAt, from)
			}
		}
		if i%every == 0 && isRecent(e.ReceivedAt, e.OccurredAt) {
			l.serial++
			l.visits = latest(append(l.visits, liveVisit{
				serial: l.serial, at: e.OccurredAt, kind: kind, name: clip(e.Name), site: clip(e.Site), host: clip(e.PageHost), path: clip(e.PagePath),
				referrer: clip(e.ReferrerHost), fromPath: clip(e.ReferrerPath), client: clip(e.Client), country: clip(e.Country),
			}))
		}
	}
}

func (l *live) count(received, at time.Time, kind warehouse.LiveKind) {
	b := bucket{received.Unix(), at.Unix() / 60}
	counts := l.counts[b]
	if counts == nil {
		if len(l.counts) >= keptBuckets {
			return // the warehouse counts it, later
		}
		counts = &warehouse.LiveTally{}
		l.counts[b] = counts
	}
	counts[kind]++
}

// isRecent reports whether an event is recent; otherwise it comes from an archive.
func isRecent(received, at time.Time) bool { return received.Sub(at) < time.Hour }

// latest returns the last ones of a sample.
func latest[T any](sample []T) []T {
	if len(sample) > keptLast {
		return slices.Clone(sample[len(sample)-keptLast:])
	}
	return sample
}

// clip returns a copy of at most 60 bytes: texts are parts of a line.
func clip(s string) string { return string([]byte(s[:min(len(s), 60)])) }
