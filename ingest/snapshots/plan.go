package snapshots

import (
	"cmp"
	"slices"
	"time"

	"glint/ingest/warehouse"
)

// reason says why a snapshot is computed anew, the most urgent first.
type reason int

const (
	changed   reason = iota // something came since
	settling                // once more, some time after the last change: see settle
	estimates               // they are older than the numbers, or the mail before has changed on which they rest
)

const (
	// A campaign that changes all the time is computed at intervals of costRatio
	// times what it takes; see snapshot.recent in package warehouse for what a
	// reader accepts.
	minInterval = 500 * time.Millisecond
	costRatio   = 3
	// An insert marks its campaigns when its rows can be seen. Should a mark ever
	// come first, a snapshot that begins settle after it has the rows.
	settle = 10 * time.Second
	// Estimates take long in a large account, since they rest on what the recipients
	// got before, and every open of older mail changes that, and them a little.
	estimatesInterval = 10 * time.Second
	estimatesRatio    = 20
	// historyDays is the interval of the view recipient_history.
	historyDays = 90 * 24 * time.Hour
)

type refresh struct {
	campaign  uint64
	why       reason
	estimates bool // are computed too
	dueAt     time.Time
	size      uint64
}

// planner knows what the refreshes of this run have cost.
type planner struct {
	last          map[uint64]attempt
	lastEstimates map[uint64]attempt
}

type attempt struct {
	began time.Time
	took  time.Duration
}

func (p *planner) refreshed(r refresh, began time.Time, took time.Duration) {
	if p.last == nil {
		p.last, p.lastEstimates = map[uint64]attempt{}, map[uint64]attempt{}
	}
	p.last[r.campaign] = attempt{began, took}
	if r.estimates {
		p.lastEstimates[r.campaign] = attempt{began, took}
	}
}

// due returns the refreshes that are due, the most urgent first, the time until
// the next one is, and the number of campaigns that have changed since their
// snapshot. serverNow is the server's time, now the clock of refreshed.
func (p *planner) due(states []warehouse.SnapshotState, serverNow, now time.Time) (due []refresh, next time.Duration, behind int) {
	next = idleLook
	histories := newHistories(states)
	account := uint64(0)
	for i := range states {
		account += states[i].Size
	}
	for i := range states {
		s := &states[i]
		last := p.last[s.CampaignID]
		estimatesAt := after(p.lastEstimates[s.CampaignID], estimatesInterval, estimatesRatio)
		r := refresh{
			campaign: s.CampaignID, size: s.Size,
			estimates: s.ReadAt.IsZero() || account < warehouse.SmallAccount || !estimatesAt.After(now),
		}
		switch {
		case s.ReadAt.IsZero() || s.Mark != s.SnapshotMark:
			behind++
			r.why, r.dueAt = changed, after(last, minInterval, costRatio)
		case s.ReadAt.Before(s.ChangedAt.Add(settle)):
			r.why, r.dueAt = settling, now.Add(s.ChangedAt.Add(settle).Sub(serverNow))
		case s.EstimatesMark != s.SnapshotMark || !s.HistoryStart.Equal(s.StartsAt) || s.SnapshotHistory != histories.of(s):
			r.why, r.dueAt, r.estimates = estimates, estimatesAt, true
		default:
			continue
		}
		if wait := r.dueAt.Sub(now); wait > 0 {
			next = min(next, wait)
			continue
		}
		due = append(due, r)
	}
	large := account >= warehouse.SmallAccount // estimates take long then
	slices.SortFunc(due, func(a, b refresh) int {
		return cmp.Or(cmp.Compare(a.why, b.why), compareBool(large && a.estimates, large && b.estimates), a.dueAt.Compare(b.dueAt), cmp.Compare(a.size, b.size))
	})
	return due, next, behind
}

// compareBool sorts false before true.
func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// after returns when the next refresh may begin: at once if there was none.
func after(last attempt, interval time.Duration, ratio int) time.Time {
	if last.began.IsZero() {
		return time.Time{}
	}
	return last.began.Add(max(interval, time.Duration(ratio)*last.took) + last.took)
}

// histories answers what the marks of the mail before a campaign add up to, by
// sums over the campaigns in the order of their first and of their last message.
type histories struct {
	starts, ends sums
}

type sums struct {
	at  []time.Time
	sum []uint64 // of the marks up to and with that one
}

func newHistories(states []warehouse.SnapshotState) histories {
	by := func(at func(*warehouse.SnapshotState) time.Time) (s sums) {
		order := make([]*warehouse.SnapshotState, len(states))
		for i := range states {
			order[i] = &states[i]
		}
		slices.SortFunc(order, func(a, b *warehouse.SnapshotState) int { return at(a).Compare(at(b)) })
		total := uint64(0)
		for _, o := range order {
			total += o.Mark
			s.at, s.sum = append(s.at, at(o)), append(s.sum, total)
		}
		return s
	}
	return histories{
		starts: by(func(s *warehouse.SnapshotState) time.Time { return s.StartsAt }),
		ends:   by(func(s *warehouse.SnapshotState) time.Time { return s.EndsAt }),
	}
}

// of returns the sum for the campaigns that began before s and were still sent in
// the historyDays before it. It is the sum of the query campaign_marks and the
// view campaign_snapshots. The time of a campaign without a snapshot is not known: it counts.
func (h *histories) of(s *warehouse.SnapshotState) uint64 {
	from := s.StartsAt.Add(-historyDays)
	return h.starts.before(s.StartsAt) - h.ends.before(from)
}

func (s *sums) before(at time.Time) uint64 {
	i, _ := slices.BinarySearchFunc(s.at, at, func(a, b time.Time) int { return a.Compare(b) })
	if i == 0 {
		return 0
	}
	return s.sum[i-1]
}
