package judge

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"glint/edge/classify"
	"glint/ingest/warehouse"
)

// kept is the reason why an open keeps its verdict.
type kept uint8

const (
	keptNot     kept = iota
	keptIgnored      // the operator's own mail
	keptExpired      // its facts have expired
	keptEarlier      // it is before Options.Since
)

// Change counts the events that move from one class to another, by rule.
type Change struct {
	Clicks   bool // of clicks, not of opens
	From, To classify.Class
	Reason   string // of the new verdict
	Events   uint64
}

// Numbers counts messages, without tests and messages that are not registered
// or not tracked individually.
type Numbers struct {
	UniqueOpens, BotFiltered, Reliable, MPPOnly, UnknownOnly, Clicked int64
}

// CampaignChange is a run's change of the numbers of a campaign.
type CampaignChange struct {
	Campaign      uint64
	Before, After Numbers
}

// Result is the result of a run, or of a dry run.
type Result struct {
	Run       uint32 // 0: nothing to write, or a dry run
	Opens     uint64 // opens examined
	Changed   uint64 // verdicts of opens that changed
	Relabeled uint64 // opens whose program got another name
	Expired   uint64
	Ignored   uint64
	Earlier   uint64
	Clicks    uint64
	Reclicked uint64 // verdicts of clicks that changed
	Late      bool   // opens arrived during the run and are left to the next one
	Changes   []Change
	Campaigns []CampaignChange // campaigns whose numbers change, by id
	Touched   []uint64         // campaigns with a changed row, by id
	Duration  time.Duration

	changes map[Change]uint64
	numbers map[uint64]*CampaignChange
	touched map[uint64]bool
}

func newResult() *Result {
	return &Result{changes: map[Change]uint64{}, numbers: map[uint64]*CampaignChange{}, touched: map[uint64]bool{}}
}

func (r *Result) open(o *Open, relabeled bool) {
	r.Opens++
	switch o.kept {
	case keptIgnored:
		r.Ignored++
	case keptExpired:
		r.Expired++
	case keptEarlier:
		r.Earlier++
	}
	if relabeled {
		r.Relabeled++
	}
	if o.Final != o.Visible {
		r.Changed++
		r.changes[Change{From: o.Visible.Class, To: o.Final.Class, Reason: o.Final.Reason}]++
	}
}

func (r *Result) click(c *Click) {
	r.Clicks++
	if c.Final != c.Visible {
		r.Reclicked++
		r.changes[Change{Clicks: true, From: c.Visible.Class, To: c.Final.Class, Reason: c.Final.Reason}]++
	}
}

// message adds a message to the numbers of its campaign if the run changes
// them.
func (r *Result) message(m *Message) {
	if !m.Known {
		return
	}
	before := numbersOf(m, func(o *Open) classify.Verdict { return o.Visible }, func(c *Click) classify.Verdict { return c.Visible })
	after := numbersOf(m, func(o *Open) classify.Verdict { return o.Final }, func(c *Click) classify.Verdict { return c.Final })
	c := r.numbers[m.Campaign]
	if c == nil {
		c = &CampaignChange{Campaign: m.Campaign}
		r.numbers[m.Campaign] = c
	}
	c.Before.add(before)
	c.After.add(after)
}

func (n *Numbers) add(m Numbers) {
	n.UniqueOpens += m.UniqueOpens
	n.BotFiltered += m.BotFiltered
	n.Reliable += m.Reliable
	n.MPPOnly += m.MPPOnly
	n.UnknownOnly += m.UnknownOnly
	n.Clicked += m.Clicked
}

// numbersOf computes the same as the views message_facts and message_opens.
func numbersOf(m *Message, open func(*Open) classify.Verdict, click func(*Click) classify.Verdict) (n Numbers) {
	var any, reliable, masked, unknown, clicked bool
	for i := range m.Opens {
		v := open(&m.Opens[i])
		any = any || v.Class != classify.NotImage
		switch {
		case v.Class == classify.HumanDirect, v.Class == classify.ProxyHuman:
			reliable = true
		case v.Class == classify.MachinePrefetch && strings.HasPrefix(v.Reason, "apple_mpp"), v.Reason == "apple_mail_unplaced":
			masked = true
		case v.Class == classify.Unknown:
			unknown = true
		}
	}
	for i := range m.Clicks {
		c := &m.Clicks[i]
		v := click(c)
		clicked = clicked || v.Class == classify.HumanDirect || v.Class == classify.ProxyHuman || v.Class == classify.Unknown && c.Timed == nil && !known(c.IP)
	}
	return Numbers{
		UniqueOpens: one(any), BotFiltered: one(reliable || masked || unknown), Reliable: one(reliable),
		MPPOnly: one(masked && !reliable), UnknownOnly: one(unknown && !reliable && !masked), Clicked: one(clicked),
	}
}

func one(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// finish sorts the counts, and copies them to the run.
func (r *Result) finish(run *warehouse.Run, took time.Duration) {
	for c, n := range r.changes {
		c.Events = n
		r.Changes = append(r.Changes, c)
	}
	slices.SortFunc(r.Changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(one(a.Clicks), one(b.Clicks)), cmp.Compare(b.Events, a.Events), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), cmp.Compare(a.Reason, b.Reason))
	})
	for _, id := range slices.Sorted(maps.Keys(r.numbers)) {
		if c := r.numbers[id]; c.Before != c.After {
			r.Campaigns = append(r.Campaigns, *c)
		}
	}
	r.Touched = slices.Sorted(maps.Keys(r.touched))
	r.Duration = took
	if run != nil {
		r.Run = run.Number
		run.OpensRead, run.OpensChanged, run.OpensExpired, run.OpensIgnored, run.ClicksChanged = r.Opens, r.Changed, r.Expired, r.Ignored, r.Reclicked
	}
}
