package judge

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"glint/edge/classify"
	"glint/ingest/warehouse"
)

// Options configure a run.
type Options struct {
	Kind     warehouse.RunKind
	Since    time.Time // earlier opens keep their verdict; zero: no limit
	Touched  time.Time // campaigns without anything received since are skipped; zero: none
	DryRun   bool      // compute the result without writing
	Settings Settings
	Progress func(done, opens uint64) // nil: not called
}

// Limits of the rows in memory.
const (
	sectionOpens = 1_000_000 // rows of opens read together
	writeRows    = 100_000   // verdicts written together
)

// Run judges, writes changed verdicts, and then makes them visible all at once.
// After an error nothing is visible, and the next run restores the old
// verdicts. If there is nothing to judge, it takes no number. Errors:
// warehouse.ErrRunGoesOn.
func Run(ctx context.Context, w *warehouse.Warehouse, o Options) (*Result, error) {
	if err := o.Settings.Validate(); err != nil {
		return nil, err
	}
	began := time.Now()
	r := &runner{w: w, o: o, result: newResult()}
	campaigns, err := w.CampaignsToJudge(ctx, o.Since, o.Touched)
	if err != nil || len(campaigns) == 0 {
		return r.result, err
	}
	if !o.DryRun {
		r.run = &warehouse.Run{Kind: o.Kind, OpenedSince: o.Since, RulesetVersion: classify.RulesetVersion, Settings: o.Settings.String()}
		if err := w.BeginRun(ctx, r.run); err != nil {
			return nil, err
		}
	}
	if err := r.work(ctx, campaigns); err != nil {
		if r.run != nil {
			// Best effort: the next run restores the rest.
			late, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
			defer cancel()
			_ = w.AbandonRun(late, r.run)
		}
		return nil, err
	}
	r.result.finish(r.run, time.Since(began))
	if r.run == nil {
		return r.result, nil
	}
	if err := w.ApplyRun(ctx, r.run); err != nil {
		return r.result, err
	}
	// The rows existed before; only which of them are visible has changed.
	return r.result, w.Touched(ctx, r.result.Touched)
}

type runner struct {
	w      *warehouse.Warehouse
	o      Options
	run    *warehouse.Run // nil: a dry run
	result *Result

	facts  map[uint64]*Facts
	wanted map[uint64]*campaign // of the section
	opens  []warehouse.OpenVerdict
	clicks []warehouse.ClickVerdict
}

// campaign holds the facts of a campaign that the rules use.
type campaign struct {
	times  Times
	bursts *Bursts
}

func (r *runner) work(ctx context.Context, campaigns []warehouse.CampaignOpens) error {
	total, done := uint64(0), uint64(0)
	for i := range campaigns {
		total += campaigns[i].Opens
	}
	for len(campaigns) > 0 {
		n, opens := 1, campaigns[0].Opens
		for n < len(campaigns) && opens+campaigns[n].Opens <= sectionOpens {
			opens += campaigns[n].Opens
			n++
		}
		if err := r.section(ctx, campaigns[:n], opens/sectionOpens+1); err != nil {
			return err
		}
		campaigns = campaigns[n:]
		if done += opens; r.o.Progress != nil {
			r.o.Progress(done, total)
		}
	}
	return r.write(ctx)
}

// section judges consecutive campaigns, part by part.
func (r *runner) section(ctx context.Context, campaigns []warehouse.CampaignOpens, parts uint64) error {
	s := warehouse.Section{From: campaigns[0].ID, Until: campaigns[len(campaigns)-1].ID, Parts: parts}
	if err := r.prepare(ctx, s, campaigns); err != nil {
		return err
	}
	for ; s.Part < parts; s.Part++ {
		if r.run != nil {
			if err := r.w.TouchRun(ctx, r.run); err != nil {
				return err
			}
		}
		if err := r.part(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// minTimed is the number of opens that a campaign needs for its times to be
// checked.
const minTimed = 20

// prepare classifies the facts of a section, and examines each campaign as a
// whole.
func (r *runner) prepare(ctx context.Context, s warehouse.Section, campaigns []warehouse.CampaignOpens) error {
	r.facts = map[uint64]*Facts{}
	var mayBurst []uint64
	err := r.w.FactsToJudge(ctx, s, func(f *warehouse.RequestFacts) {
		judged := judgeFacts(f)
		r.facts[f.Hash] = judged
		if judged.MayBurst {
			mayBurst = append(mayBurst, f.Hash)
		}
	})
	if err != nil {
		return err
	}
	r.wanted = make(map[uint64]*campaign, len(campaigns))
	for i := range campaigns {
		c := &campaign{times: Times{true, true}}
		r.wanted[campaigns[i].ID] = c
		if campaigns[i].Opens >= minTimed {
			times, err := r.w.CampaignTimes(ctx, campaigns[i].ID, r.o.Settings.ClockSlack)
			if err != nil {
				return err
			}
			c.times = believed(&times)
		}
		if r.o.Settings.has(RuleBurst) && campaigns[i].Opens >= uint64(r.o.Settings.BurstRecipients) {
			groups, err := r.w.BurstGroups(ctx, campaigns[i].ID, mayBurst, r.o.Settings.BurstRecipients)
			if err != nil {
				return err
			}
			c.bursts = r.o.Settings.bursts(groups)
		}
	}
	return nil
}

// A send time in another time zone, or one that was planned and not kept, would
// turn all people into machines. So it is not credible if proxies that fetch
// when a person looks fetched before it, or if half of all other clients did.
const (
	maxProxiedBefore = 0.01
	maxOtherBefore   = 0.5
)

func believed(t *warehouse.CampaignTimes) Times {
	plausible := func(proxied, other warehouse.TimeCounts) bool {
		if proxied.Opens >= minTimed {
			return float64(proxied.Before) <= maxProxiedBefore*float64(proxied.Opens)
		}
		return float64(other.Before) <= maxOtherBefore*float64(other.Opens)
	}
	return Times{plausible(t.ProxiedSent, t.OtherSent), plausible(t.ProxiedDelivered, t.OtherDelivered)}
}

// messageKey identifies a message.
type messageKey struct {
	campaign uint64
	id       uuid.UUID
}

// part judges one part of a section, message by message.
func (r *runner) part(ctx context.Context, s warehouse.Section) error {
	counts, err := r.w.CountToJudge(ctx, s)
	if err != nil {
		return err
	}
	clicks, order, err := r.readClicks(ctx, s, counts.Clicks)
	if err != nil {
		return err
	}
	m, read, missing := Message{}, uint64(0), false
	var fault error
	next := func() {
		key := messageKey{m.Campaign, m.ID}
		if held := clicks[key]; held != nil {
			m.Clicks = held.Clicks
			delete(clicks, key)
		}
		r.judge(&m)
		m.Opens, m.Clicks = m.Opens[:0], nil
		if len(r.opens) >= writeRows && fault == nil {
			fault = r.write(ctx)
		}
	}
	err = r.w.OpensToJudge(ctx, s, func(o *warehouse.JudgedOpen) {
		read++
		if read > 1 && (o.CampaignID != m.Campaign || o.MessageID != m.ID) {
			next()
		}
		m.Campaign, m.ID = o.CampaignID, o.MessageID
		m.Known, m.SentAt, m.DeliveredAt, m.Domain = o.Known, o.SentAt, o.DeliveredAt, o.Domain
		facts := r.facts[o.Facts]
		if facts == nil { // it arrived after the facts were read; the next run judges it
			missing = true
			return
		}
		m.Opens = append(m.Opens, r.open(o, facts))
	})
	if err == nil {
		err = fault
	}
	if err != nil {
		return err
	}
	if read < counts.Opens {
		return fmt.Errorf("judge opens: %w", warehouse.ErrCutOff)
	}
	if read > 0 {
		next()
	}
	for _, key := range order {
		if held := clicks[key]; held != nil {
			r.judge(held)
		}
	}
	r.result.Late = r.result.Late || missing
	return fault
}

// open converts an open for the rules.
func (r *runner) open(o *warehouse.JudgedOpen, facts *Facts) Open {
	out := Open{
		At: o.OpenedAt, Event: o.EventID, IP: o.IP, Facts: facts, Suspect: o.Suspect,
		Request: verdict(o.RequestClass, o.RequestReason), Visible: verdict(o.Class, o.Reason),
	}
	switch {
	case strings.HasPrefix(o.Reason, "ignored_"):
		out.kept = keptIgnored
	case facts.Expired:
		out.kept = keptExpired
	case !r.o.Since.IsZero() && o.OpenedAt < r.o.Since.UnixMilli():
		out.kept = keptEarlier
	}
	out.storedRequest = out.Request
	if r.o.Kind == warehouse.KindReclassify && out.kept == keptNot {
		out.Request = facts.Untimed
	}
	return out
}

func verdict(class int8, reason string) classify.Verdict {
	return classify.Verdict{Class: classify.Class(class), Reason: reason}
}

// readClicks returns the clicks of a part by message, and the messages in
// order.
func (r *runner) readClicks(ctx context.Context, s warehouse.Section, atLeast uint64) (map[messageKey]*Message, []messageKey, error) {
	messages, order, read := map[messageKey]*Message{}, []messageKey(nil), uint64(0)
	err := r.w.ClicksToJudge(ctx, s, r.o.Settings.Honeypots, func(c *warehouse.JudgedClick) {
		read++
		key := messageKey{c.CampaignID, c.MessageID}
		m := messages[key]
		if m == nil {
			m = &Message{Campaign: c.CampaignID, ID: c.MessageID, Known: c.Known, SentAt: c.SentAt, DeliveredAt: c.DeliveredAt, Domain: c.Domain}
			messages[key] = m
			order = append(order, key)
		}
		m.Clicks = append(m.Clicks, Click{
			At: c.OccurredAt, Link: c.LinkHash, IP: c.IP, Timed: clickTimes(c), Honeypot: c.Honeypot,
			Request: verdict(c.RequestClass, c.RequestReason), Visible: verdict(c.Class, c.Reason),
			earlier: !r.o.Since.IsZero() && c.OccurredAt < r.o.Since.UnixMilli(),
		})
	})
	if err == nil && read < atLeast {
		err = fmt.Errorf("judge clicks: %w", warehouse.ErrCutOff)
	}
	return messages, order, err
}

// judge judges a message and collects changed verdicts.
func (r *runner) judge(m *Message) {
	c := r.wanted[m.Campaign]
	if c == nil {
		return // of a campaign between the selected ones
	}
	r.o.Settings.Message(m, c.times, c.bursts)
	for i := range m.Opens {
		o := &m.Opens[i]
		if o.kept != keptNot {
			o.Final = o.Visible
		}
		program := o.Facts.Stored
		if r.o.Kind == warehouse.KindReclassify && o.kept == keptNot {
			program = o.Facts.Program
		}
		again := o.Request != o.storedRequest || program != o.Facts.Stored
		r.result.open(o, program != o.Facts.Stored)
		if o.Final == o.Visible && !again {
			continue
		}
		r.result.touched[m.Campaign] = true
		if r.run == nil {
			continue
		}
		r.opens = append(r.opens, warehouse.OpenVerdict{
			CampaignID: m.Campaign, MessageID: m.ID, OpenedAt: o.At, EventID: o.Event, Class: int8(o.Final.Class), Reason: o.Final.Reason,
			RequestClass: int8(o.Request.Class), RequestReason: o.Request.Reason,
			Client: program.Client, Vendor: program.Vendor, OS: program.OS, Device: program.Device, Again: again,
		})
	}
	for i := range m.Clicks {
		k := &m.Clicks[i]
		if k.earlier {
			k.Final = k.Visible
		}
		r.result.click(k)
		if k.Final == k.Visible {
			continue
		}
		r.result.touched[m.Campaign] = true
		if r.run == nil {
			continue
		}
		r.clicks = append(r.clicks, warehouse.ClickVerdict{
			CampaignID: m.Campaign, MessageID: m.ID, OccurredAt: k.At, LinkHash: k.Link, Class: int8(k.Final.Class), Reason: k.Final.Reason,
		})
	}
	r.result.message(m)
}

// write writes the collected verdicts.
func (r *runner) write(ctx context.Context) error {
	if r.run == nil {
		return nil
	}
	if err := r.w.WriteOpenVerdicts(ctx, r.run, classify.RulesetVersion, r.opens); err != nil {
		return err
	}
	if err := r.w.WriteClickVerdicts(ctx, r.run, r.clicks); err != nil {
		return err
	}
	r.opens, r.clicks = r.opens[:0], r.clicks[:0]
	return nil
}
