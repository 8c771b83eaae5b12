package sqltest

import (
	"math"
	"strings"
	"time"
)

// report is one row of campaign_report; a nil rate is NULL.
type report struct {
	CampaignID          uint64   `json:"campaign_id,string"`
	Campaign            string   `json:"campaign"`
	Sends               uint64   `json:"sends,string"`
	Delivered           uint64   `json:"delivered,string"`
	OpensTotal          uint64   `json:"opens_total,string"`
	UniqueOpens         uint64   `json:"unique_opens,string"`
	BotFiltered         uint64   `json:"bot_filtered_unique_opens,string"`
	Reliable            uint64   `json:"reliable_unique_opens,string"`
	MPPOnly             uint64   `json:"mpp_only,string"`
	AdjustedRate        *float64 `json:"mpp_adjusted_open_rate"`
	RateLow             *float64 `json:"open_rate_low"`
	RateHigh            *float64 `json:"open_rate_high"`
	CILow               *float64 `json:"ci_low"`
	CIHigh              *float64 `json:"ci_high"`
	FirstOpenAt         *string  `json:"first_open_at"`
	LastOpenAt          *string  `json:"last_open_at"`
	UnregisteredTotal   uint64   `json:"unregistered_opens_total,string"`
	UnregisteredUnique  uint64   `json:"unregistered_unique_opens,string"`
	Tests               uint64   `json:"tests,string"`
	Measured            uint64   `json:"measured,string"`
	MeasuredShare       *float64 `json:"measured_share"`
	UnknownOnly         uint64   `json:"unknown_only,string"`
	Confirmed           uint64   `json:"confirmed_unique_opens,string"`
	Bounced             uint64   `json:"bounced,string"`
	Clicked             uint64   `json:"clicked,string"`
	ClickRate           *float64 `json:"click_rate"`
	Complained          uint64   `json:"complained,string"`
	Unsubscribed        uint64   `json:"unsubscribed,string"`
	Replied             uint64   `json:"replied,string"`
	FirstReliableOpenAt *string  `json:"first_reliable_open_at"`
	LastReliableOpenAt  *string  `json:"last_reliable_open_at"`
	Unplaced            uint64   `json:"unplaced,string"`
	SendsWithTime       uint64   `json:"sends_with_time,string"`
	FirstSentAt         *string  `json:"first_sent_at"`
	LastSentAt          *string  `json:"last_sent_at"`
	RecoveredOpens      uint64   `json:"recovered_opens,string"`
	BounceRate          *float64 `json:"bounce_rate"`
	ClickToOpenRate     *float64 `json:"click_to_open_rate"`
	ComplaintRate       *float64 `json:"complaint_rate"`
	UnsubscribeRate     *float64 `json:"unsubscribe_rate"`
	ReplyRate           *float64 `json:"reply_rate"`
	ComputedAt          string   `json:"computed_at"`

	measuredClicked uint64
}

// estimate is one row of campaign_estimates.
type estimate struct {
	Rate *float64 `json:"rate"`
	Low  *float64 `json:"low"`
	High *float64 `json:"high"`
	N    uint64   `json:"n,string"`
}

// messageState is the state of one message according to its rows.
type messageState struct {
	send
	known, counts, test, tracked        bool
	bounce, relay                       bool
	reliable, masked, unplaced, unknown bool
	clicked, replied, converted         bool
	complained, unsubscribed            bool
	sentAt                              time.Time // the first known; zero: none
	opens, recovered                    uint64
	openedAt, reliablyOpenedAt          []string
}

// hidden reports whether opens of the message count nowhere: less of it is
// measured since they came.
func (m *messageState) hidden() bool { return (m.counts || m.test) && !m.tracked }

func (m *messageState) confirmed() bool { return m.clicked || m.replied || m.converted }
func (m *messageState) bounced() bool   { return m.bounce && !m.reliable && !m.confirmed() && !m.relay }
func (m *messageState) measured() bool  { return m.counts && !m.bounced() && m.tracked }
func (m *messageState) seen() bool      { return m.reliable || m.confirmed() }

type messageKey struct {
	campaign uint64
	message  int
}

// messages gathers the rows of each message.
func (w *world) messages() map[messageKey]*messageState {
	all := map[messageKey]*messageState{}
	at := func(campaign uint64, n int) *messageState {
		key := messageKey{campaign, n}
		if all[key] == nil {
			all[key] = &messageState{}
		}
		return all[key]
	}
	for _, s := range w.sends {
		m := at(s.campaign, s.message)
		m.send, m.known, m.bounce, m.sentAt = s, true, s.state == "bounced", s.sentAt
		m.counts, m.test = s.counts(), s.registration != 2 && s.test
		m.tracked = s.tracking == "identified" || s.tracking == "pseudonymous"
	}
	for _, o := range w.opens {
		if m := at(o.campaign, o.message); o.class != "not_image" && !m.hidden() {
			m.addOpen(o)
		}
	}
	for _, d := range w.deliveries {
		at(d.campaign, d.message).addDelivery(d)
	}
	return all
}

func (m *messageState) addOpen(o open) {
	m.opens++
	m.recovered += one(o.path != "")
	person := o.class == "human_direct" || o.class == "proxy_human"
	relay := o.class == "machine_prefetch" && strings.HasPrefix(o.reason, "apple_mpp")
	unplaced := o.reason == "apple_mail_unplaced"
	m.reliable, m.relay, m.unplaced = m.reliable || person, m.relay || relay, m.unplaced || unplaced
	m.masked = m.masked || relay || unplaced
	m.unknown = m.unknown || o.class == "unknown" && !unplaced
	if o.suspect != "none" {
		return
	}
	at := o.openedAt.Format(millisecondsSQL)
	m.openedAt = append(m.openedAt, at)
	if person {
		m.reliablyOpenedAt = append(m.reliablyOpenedAt, at)
	}
}

func (m *messageState) addDelivery(d delivery) {
	switch d.kind {
	case "sent":
		if m.sentAt.IsZero() || d.at.Before(m.sentAt) {
			m.sentAt = d.at
		}
	case "bounced":
		m.bounce = m.bounce || d.bounceType != "transient"
	case "complained":
		m.complained = true
	case "clicked":
		person := d.class == "human_direct" || d.class == "proxy_human"
		m.clicked = m.clicked || person || d.class == "unknown" && d.userAgent == "" && d.ip == "::"
	case "unsubscribed":
		m.unsubscribed = true
	case "replied":
		m.replied = m.replied || !d.automatic
	case "converted":
		m.converted = true
	}
}

// report counts one campaign message by message.
func (w *world) report(c campaign, all map[messageKey]*messageState) report {
	r := report{CampaignID: c.id, Campaign: c.name}
	for key, m := range all {
		switch {
		case key.campaign != c.id:
		case m.counts:
			r.add(m)
		case m.test:
			r.Tests++
		default:
			r.UnregisteredTotal += m.opens
			r.UnregisteredUnique += one(m.opens > 0)
		}
	}
	r.Bounced = r.Sends - r.Delivered
	r.AdjustedRate = ratio(r.Reliable, r.Measured-r.MPPOnly)
	r.RateLow, r.RateHigh = ratio(r.Reliable, r.Measured), ratio(r.BotFiltered, r.Measured)
	r.MeasuredShare, r.ClickRate = ratio(r.Measured, r.Delivered), ratio(r.Clicked, r.Delivered)
	r.BounceRate, r.ClickToOpenRate = ratio(r.Bounced, r.Sends), ratio(r.measuredClicked, r.Confirmed)
	r.ComplaintRate, r.UnsubscribeRate, r.ReplyRate = ratio(r.Complained, r.Delivered), ratio(r.Unsubscribed, r.Delivered), ratio(r.Replied, r.Delivered)
	r.measuredClicked = 0
	if r.AdjustedRate != nil {
		low, high := wilson(r.Reliable, r.Measured-r.MPPOnly)
		r.CILow, r.CIHigh = &low, &high
	}
	return r
}

func (r *report) add(m *messageState) {
	r.Sends++
	r.Delivered += one(!m.bounced())
	r.OpensTotal += m.opens
	r.UniqueOpens += one(m.opens > 0)
	r.Clicked += one(m.clicked)
	r.Replied += one(m.replied)
	r.Complained += one(m.complained)
	r.Unsubscribed += one(m.unsubscribed)
	r.RecoveredOpens += m.recovered
	if !m.sentAt.IsZero() {
		r.SendsWithTime++
		span(&r.FirstSentAt, &r.LastSentAt, m.sentAt.Format(millisecondsSQL))
	}
	for _, at := range m.openedAt {
		span(&r.FirstOpenAt, &r.LastOpenAt, at)
	}
	for _, at := range m.reliablyOpenedAt {
		span(&r.FirstReliableOpenAt, &r.LastReliableOpenAt, at)
	}
	if !m.measured() {
		return
	}
	r.Measured++
	r.measuredClicked += one(m.clicked)
	r.BotFiltered += one(m.reliable || m.masked || m.unknown)
	r.Reliable += one(m.reliable)
	r.MPPOnly += one(m.masked && !m.reliable)
	r.UnknownOnly += one(m.unknown && !m.reliable && !m.masked)
	r.Confirmed += one(m.seen())
	r.Unplaced += one(m.unplaced)
}

func span(first, last **string, at string) {
	if *first == nil || at < **first {
		*first = &at
	}
	if *last == nil || at > **last {
		*last = &at
	}
}

// history counts a recipient's other mail of the 90 days before.
type history struct {
	messages, reliable, confirmed, shown uint64
	masked                               bool
}

// tally are the counts from which a campaign's estimates follow.
type tally struct {
	measured, reliable, seen, possible, mppOnly, confirmed, shown uint64
	clear, clearReliable                                          uint64
	visible, visibleReliable, visibleSeen                         uint64
	met, openers                                                  uint64 // clear messages of recipients with history, none masked; of those who opened some of it
	newMasked                                                     uint64 // not visible, and without history
	sure, sureShown                                               uint64 // confirmed messages of visible recipients
	noHistory                                                     bool
}

// past returns the history of the recipients before a campaign began.
func (w *world) past(c campaign, all map[messageKey]*messageState) map[int]history {
	start := time.Time{}
	for key, m := range all {
		if key.campaign == c.id && m.counts && !m.sentAt.IsZero() && (start.IsZero() || m.sentAt.Before(start)) {
			start = m.sentAt
		}
	}
	if start.IsZero() {
		start = c.madeAt
	}
	past := map[int]history{}
	for key, m := range all {
		if key.campaign == c.id || !m.measured() || m.sentAt.IsZero() || !m.sentAt.Before(start) || m.sentAt.Before(start.Add(-90*day)) {
			continue
		}
		h := past[m.recipient()]
		h.messages++
		h.masked = h.masked || m.masked
		h.reliable += one(m.reliable)
		h.confirmed += one(m.confirmed())
		h.shown += one(m.confirmed() && m.reliable)
		past[m.recipient()] = h
	}
	return past
}

func (w *world) tally(c campaign, all map[messageKey]*messageState) tally {
	past := w.past(c, all)
	var byHistory, byClear, t tally
	recipients := map[int]bool{}
	for key, m := range all {
		if key.campaign != c.id || !m.measured() {
			continue
		}
		t.add(m)
		var h history
		if m.recipient() != 0 {
			h = past[m.recipient()]
		}
		if m.masked {
			t.newMasked += one(h.messages == 0)
			continue
		}
		t.clear++
		t.clearReliable += one(m.reliable)
		byClear.addVisible(m)
		if !h.masked {
			byHistory.addVisible(m)
			t.met += one(h.messages > 0)
			t.openers += one(h.reliable > 0)
			if !recipients[m.recipient()] {
				recipients[m.recipient()] = true
				byHistory.sure += h.confirmed
				byHistory.sureShown += h.shown
			}
		}
	}
	v := byHistory
	if t.met < 100 {
		v, t.noHistory = byClear, true
		t.newMasked = t.measured - t.clear
	}
	t.visible, t.visibleReliable, t.visibleSeen, t.sure, t.sureShown = v.visible, v.visibleReliable, v.visibleSeen, v.sure, v.sureShown
	return t
}

func (t *tally) add(m *messageState) {
	t.measured++
	t.reliable += one(m.reliable)
	t.seen += one(m.seen())
	t.possible += one(m.seen() || m.masked || m.unknown)
	t.mppOnly += one(m.masked && !m.reliable)
	t.confirmed += one(m.confirmed())
	t.shown += one(m.confirmed() && m.reliable)
}

func (t *tally) addVisible(m *messageState) {
	t.visible++
	t.visibleReliable += one(m.reliable)
	t.visibleSeen += one(m.seen())
	t.sure += one(m.confirmed())
	t.sureShown += one(m.confirmed() && m.reliable)
}

// share is a share with its 95 % Wilson interval.
type share struct{ low, at, high float64 }

func shareOf(part, whole uint64) share {
	low, high := wilson(part, whole)
	return share{low, float64(part) / float64(whole), high}
}

// over divides two sampled shares; their relative errors add as squares.
func (a share) over(b share) share {
	if a.at == 0 {
		return share{0, 0, a.high / b.low}
	}
	error2 := func(x, y float64) float64 { return math.Pow(math.Log(x), 2) + math.Pow(math.Log(y), 2) }
	q := a.at / b.at
	return share{
		q * math.Exp(-math.Sqrt(error2(a.at/a.low, b.high/b.at))), q,
		q * math.Exp(math.Sqrt(error2(a.high/a.at, b.at/b.low))),
	}
}

func (a share) within(low, high float64) share {
	in := func(x float64) float64 { return math.Min(math.Max(x, low), high) }
	return share{in(a.low), in(a.at), in(a.high)}
}

func (a share) estimate(n uint64) estimate { return estimate{&a.at, &a.low, &a.high, n} }

// estimates computes all estimates of a campaign.
func (t *tally) estimates() map[string]estimate {
	bounds := estimate{nil, ratio(t.seen, t.measured), ratio(t.possible, t.measured), t.measured}
	all := map[string]estimate{"bounds": bounds, "hubspot": {}, "strict": {}, "clicks": {N: t.confirmed}}
	if n := t.measured - t.mppOnly; n > 0 {
		all["hubspot"] = shareOf(t.reliable, n).estimate(n)
	}
	if t.clear > 0 {
		all["strict"] = shareOf(t.clearReliable, t.clear).estimate(t.clear)
	}
	if t.shown >= 20 {
		q := shareOf(t.reliable, t.measured).over(shareOf(t.shown, t.confirmed))
		all["clicks"] = q.within(*bounds.Low, 1).estimate(t.confirmed)
	}
	unknown := bounds
	unknown.N = t.visible
	for _, name := range []string{"visible_recipients", "visible_lambda", "overall"} {
		all[name] = unknown
	}
	if t.visible == 0 {
		return all
	}
	p := shareOf(t.visibleReliable, t.visible)
	all["visible_recipients"] = p.estimate(t.visible)
	all["visible_lambda"] = t.total(p).estimate(t.visible)
	if t.reliable == 0 && t.possible == t.seen && t.openers == 0 { // no_images
		full := 1.0
		all["overall"] = estimate{nil, bounds.Low, &full, t.visible}
		return all
	}
	few := float64(t.visible) < 0.15*float64(t.measured) || float64(t.visible) <= float64(t.newMasked)*(1/0.7-1)
	silent := t.noHistory && t.visibleSeen == 0 && t.possible > 0
	if few || silent { // few_visible, none_visible: the bounds, and the opens that load no image
		s, high := 0.6, 1.0
		if t.sure >= 20 {
			s = shareOf(t.sureShown, t.sure).low
		}
		if s > 0 {
			high = math.Min((float64(t.possible)+float64(t.clearReliable)*(1/s-1))/float64(t.measured), 1)
		}
		all["overall"] = estimate{nil, bounds.Low, &high, t.visible}
		return all
	}
	if t.sure >= 20 && t.sureShown == 0 {
		full := 1.0
		all["overall"] = estimate{nil, bounds.Low, &full, t.visible}
		return all
	}
	q := share{p.low, p.at / 0.87, p.high / 0.6}
	if t.sure >= 20 {
		q = p.over(shareOf(t.sureShown, t.sure))
	}
	overall := t.total(q.within(0, 1)).estimate(t.visible)
	if t.chosen() && float64(t.measured-t.visible) >= 0.15*float64(t.measured) {
		overall.Rate = nil
	}
	all["overall"] = overall
	return all
}

// chosen reports whether hardly any visible recipient with history never opened.
func (t *tally) chosen() bool { return !t.noHistory && float64(t.openers) > 0.95*float64(t.met) }

// total extends the rate of the visible messages to all. The others' readers open
// lambda times as often, and of the mail to Apple Mail's users the share fetched
// is masked; the errors of these two add as squares.
func (t *tally) total(p share) share {
	lambda, fetched := share{0.75, 1, 1.33}, share{1, 0.9, 0.7}
	if t.chosen() {
		lambda.low = 0
	}
	clip := func(x float64, low, high uint64) float64 { return math.Min(math.Max(x, float64(low)), float64(high)) }
	others := t.measured - t.visible
	read := func(p, lambda, fetched float64) float64 {
		visible := float64(t.visible)
		unused := float64(t.newMasked) * (1/fetched - 1) // visible messages of Apple Mail's users
		rate := 1.0
		if visible > unused {
			rate = math.Min(p*visible/(visible-unused), 1)
		}
		hidden := clip(lambda*rate*(float64(others)+unused), t.seen-t.visibleSeen, others)
		return (clip(p*visible, t.visibleSeen, t.visible) + hidden) / float64(t.measured)
	}
	distance := func(p, lambdaEnd, fetchedEnd float64) float64 {
		at := read(p, lambda.at, fetched.at)
		return math.Hypot(read(p, lambdaEnd, fetched.at)-at, read(p, lambda.at, fetchedEnd)-at)
	}
	return share{
		math.Max(read(p.low, lambda.at, fetched.at)-distance(p.low, lambda.low, fetched.low), float64(t.seen)/float64(t.measured)),
		read(p.at, lambda.at, fetched.at),
		math.Min(read(p.high, lambda.at, fetched.at)+distance(p.high, lambda.high, fetched.high), 1),
	}
}
