package snapshots

import (
	"cmp"
	"slices"
	"time"

	"glint/ingest/warehouse"
)

// kind is a part of a report that is refreshed separately.
type kind int

const (
	numbers kind = iota
	largest      // numbers of the largest campaigns, which would hold up those of all others
	estimates
	breakdowns // of large campaigns
)

const (
	minInterval = 500 * time.Millisecond
	// The snapshot of a small campaign is used only if nothing has changed
	// since, so it is computed when the campaign has rested, and at last after
	// smallInterval. Posted messages are inserted every two seconds.
	rest          = 3 * time.Second
	smallInterval = 30 * time.Second
	// In a large account it is used for warehouse.RecentAge. So it is computed every recentInterval
	// there, or as often as computing those of all campaigns that change allows.
	recentInterval = 2 * time.Second
	// An insert marks its campaigns once its rows are visible. Should a mark
	// come first, numbers computed settle later still contain the rows.
	settle = 10 * time.Second
	// historyDays is the period of the view recipient_history.
	historyDays = 90 * 24 * time.Hour
)

// pace is how often a kind is refreshed.
type pace struct {
	ratio time.Duration // a campaign that changes constantly is recomputed at intervals of ratio times its cost
	rest  float64       // pause after a refresh, as a multiple of its duration
	look  time.Duration // pause between two checks for changes
}

// paces are those of the kinds; see snapshot.recent in package warehouse for what a reader
// accepts. Estimates take long in a large account: they depend on what the recipients got
// before, so every open of older mail changes them a little. Breakdowns take several times
// as long as numbers.
var paces = map[kind]pace{
	numbers:    {ratio: 2, rest: 0.5, look: lookPause},
	largest:    {ratio: 2, rest: 0.5, look: slowPause},
	estimates:  {ratio: 20, rest: 2, look: lookPause},
	breakdowns: {ratio: 6, rest: 2, look: slowPause},
}

// planner decides which refreshes of a kind are due, and records the cost of
// the refreshes of this run.
type planner struct {
	kind kind
	last map[uint64]attempt
	swap bool // the other turn comes first in due, since a pass may have time for one refresh only
}

type attempt struct {
	began time.Time
	took  time.Duration
}

func (p *planner) refreshed(campaign uint64, began time.Time, took time.Duration) {
	if p.last == nil {
		p.last = map[uint64]attempt{}
	}
	p.last[campaign] = attempt{began, took}
}

// due returns the campaigns whose refresh is due, by turns the longest waiting of
// those refreshed before and the last changed of the others, the time until the next one is due,
// and the number of campaigns changed since their refresh. serverNow is the
// server's time, now the time of the clock of refreshed.
func (p *planner) due(states []warehouse.SnapshotState, serverNow, now time.Time) (due []uint64, next time.Duration, behind int) {
	type refresh struct {
		campaign  uint64
		at        time.Time
		changedAt time.Time
		size      uint64
		settles   bool // only computed once more
	}
	next = idleLook
	var all []refresh
	var histories histories
	if p.kind == estimates {
		histories = newHistories(states)
	}
	small := p.smallInterval(states)
	for i := range states {
		s := &states[i]
		settled := s.ChangedAt.Add(settle)
		r := refresh{campaign: s.CampaignID, at: p.after(s.CampaignID), changedAt: s.ChangedAt, size: s.Size}
		mark, readAt := s.SnapshotMark, s.ReadAt
		if p.kind == breakdowns {
			mark, readAt = s.BreakdownsMark, s.BreakdownsAt
		}
		switch {
		case p.kind == estimates && s.EstimatesMark == s.Mark && s.HistoryStart.Equal(s.StartsAt) && s.SnapshotHistory == histories.of(s):
			continue
		case p.kind != numbers && s.ReadAt.IsZero():
			continue // its start and its size are stored with its first numbers
		case p.kind == breakdowns && s.Size < warehouse.SmallCampaign:
			continue
		case p.kind == estimates, readAt.IsZero(), s.Mark != mark:
			behind++
			if last, again := p.last[s.CampaignID]; again && s.Size < warehouse.SmallCampaign {
				at := last.began.Add(small)
				if rested := now.Add(s.ChangedAt.Add(rest).Sub(serverNow)); rested.Before(at) {
					at = rested
				}
				if at.After(r.at) {
					r.at = at
				}
			}
		case readAt.Before(settled):
			r.at, r.settles = now.Add(settled.Sub(serverNow)), true
		default:
			continue
		}
		if p.kind == numbers && s.Size >= warehouse.LargestCampaign || p.kind == largest && s.Size < warehouse.LargestCampaign {
			continue
		}
		if wait := r.at.Sub(now); wait > 0 {
			next = min(next, wait)
			continue
		}
		all = append(all, r)
	}
	// In a copied or upgraded account thousands were not computed in this run. People look at
	// those that changed last. They, and those computed once more, take turns with those that change.
	slices.SortFunc(all, func(a, b refresh) int {
		return cmp.Or(a.at.Compare(b.at), b.changedAt.Compare(a.changedAt), cmp.Compare(a.size, b.size))
	})
	var turns [2][]uint64
	for _, r := range all {
		turn := 0
		if _, again := p.last[r.campaign]; !again || r.settles {
			turn = 1
		}
		turns[turn] = append(turns[turn], r.campaign)
	}
	if p.swap = !p.swap; p.swap {
		turns[0], turns[1] = turns[1], turns[0]
	}
	for i := range all {
		for _, turn := range turns {
			if i < len(turn) {
				due = append(due, turn[i])
			}
		}
	}
	return due, next, behind
}

// smallInterval returns the interval at which a small campaign is computed that changes all the time.
func (p *planner) smallInterval(states []warehouse.SnapshotState) time.Duration {
	if p.kind != numbers {
		return smallInterval
	}
	var account uint64
	var cost time.Duration
	for i := range states {
		account += states[i].Size
		if states[i].Mark != states[i].SnapshotMark {
			cost += p.last[states[i].CampaignID].took
		}
	}
	if account < warehouse.SmallAccount {
		return smallInterval
	}
	return min(max(recentInterval, 2*cost), smallInterval)
}

// after returns when the campaign's next refresh may begin: at once if there
// was none in this run.
func (p *planner) after(campaign uint64) time.Time {
	last, ok := p.last[campaign]
	if !ok {
		return time.Time{}
	}
	return last.began.Add(max(minInterval, paces[p.kind].ratio*last.took) + last.took)
}

// histories computes the sum of the marks of the mail before a campaign, by
// prefix sums over the campaigns in the order of their first and of their last
// message.
type histories struct {
	starts, ends sums
}

type sums struct {
	at  []time.Time
	sum []uint64 // prefix sum of the marks, inclusive
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

// of returns the sum for the campaigns that began before s and were still sent
// in the historyDays before it, as the query campaign_marks and the view
// campaign_snapshots do. A campaign without a snapshot has no known time and is
// included.
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
