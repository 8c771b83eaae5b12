package batch

import (
	"context"
	"strconv"
	"time"

	"github.com/google/uuid"

	"glint/edge/event"
	"glint/edge/event/jsonline"
	"glint/edge/event/rfc3339"
	"glint/edge/pixel"
	"glint/edge/privacy"
	"glint/edge/token"
	"glint/ingest/warehouse"
)

// A sender's time of an event is used if it is within these of the request's
// time; otherwise the request's time is used.
const (
	sentBefore = 7 * 24 * time.Hour
	sentAfter  = 5 * time.Minute
)

// web adds the row of a page view or a custom event. asked means that its
// request asks not to be tracked, so that the row must not identify a person.
func (d *decoder) web(e *event.Event, from origin, asked bool) {
	w := warehouse.WebEvent{OccurredAt: e.OpenedAt, EventID: e.ID.Key(), ReceivedAt: d.bodies[d.body].ReceivedAt}
	if !readWeb(&w, e.Web, e.OpenedAt) || (w.Name == "") != (e.Kind == event.KindView) {
		d.reject(from, NotEvent, "the line lacks what a view or an event says")
		return
	}
	if d.sites == nil || !d.sites(w.Site) {
		w.Site = ""
	}
	f := d.facts(e)
	if e.Kind == event.KindEvent {
		f.Method = "GET" // events are posted, but the rules expect a request for an image
	}
	judged := d.judged(f)
	w.Class, w.Reason, w.RulesetVersion = judged.Class, judged.Reason, judged.RulesetVersion
	if class, ok := classNumbers[e.Class]; ok { // set if the edge removed the client's facts
		w.Class, w.Reason, w.RulesetVersion = class, e.Reason, uint16(min(e.RulesetVersion, 1<<16-1))
		w.ReceivedAt = privacy.Cut(w.ReceivedAt, token.Aggregate)
	}
	if asked {
		d.webEvents.add(new(withoutPerson(&w, e)), from)
		return
	}
	w.Client, w.OS, w.Device = judged.Client, judged.OS, judged.Device
	w.UserAgent, w.IP, w.Network, w.ASNumber, w.Country = f.UserAgent, f.IP, f.Network, f.ASNumber, f.Country
	w.HeaderBits, w.HeaderFacts, w.POP, w.Source, w.Extra = f.HeaderBits, f.HeaderFacts, f.POP, f.Source, f.Extra
	if e.Token != "" {
		if f := pixel.Find(d.ring, event.KindToken, e.Token, ""); f.Kind == event.KindToken && d.keepsMessage(&f) {
			w.CampaignID, w.MessageID = uint64(f.Token.Campaign), uuid.UUID(f.Token.Message)
		}
	}
	d.webEvents.add(&w, from)
}

// withoutPerson returns a row reduced like a line by privacy.ReduceWeb and
// web.Event.Reduce, with its times truncated to hours.
func withoutPerson(w *warehouse.WebEvent, e *event.Event) warehouse.WebEvent {
	return warehouse.WebEvent{
		Site: w.Site, Name: w.Name, EventID: w.EventID, Certain: w.Certain, Source: w.Source,
		OccurredAt: privacy.Cut(e.OpenedAt, token.Aggregate), ReceivedAt: privacy.Cut(w.ReceivedAt, token.Aggregate),
		PageHost: w.PageHost, PagePath: w.PagePath, ReferrerHost: w.ReferrerHost, ReferrerPath: w.ReferrerPath,
		UTMSource: w.UTMSource, UTMMedium: w.UTMMedium, UTMCampaign: w.UTMCampaign, UTMTerm: w.UTMTerm, UTMContent: w.UTMContent,
		Class: w.Class, Reason: w.Reason, RulesetVersion: w.RulesetVersion,
	}
}

// readWeb reads the object of a line into w and reports whether it is one.
func readWeb(w *warehouse.WebEvent, object string, at time.Time) bool {
	if object == "" {
		return false
	}
	o := jsonline.Open(object)
	for o.Next() {
		text, isText := o.Text()
		switch o.Key {
		case "visitor":
			w.Visitor, _ = strconv.ParseUint(text, 16, 64) // 0: no visitor
		case "certain":
			w.Certain = o.Value == "true"
		case "properties":
			w.Properties = o.Value
		case "at":
			if sent, err := rfc3339.Parse(text); err == nil && sent.After(at.Add(-sentBefore)) && sent.Before(at.Add(sentAfter)) {
				w.OccurredAt = sent.UTC().Truncate(time.Millisecond)
			}
		default:
			if to := webText(w, o.Key); to != nil && isText {
				*to = text
			}
		}
	}
	return o.Err() == nil
}

// webText returns the text of w that holds a field of the object, or nil.
func webText(w *warehouse.WebEvent, name string) *string {
	switch name {
	case "site":
		return &w.Site
	case "name":
		return &w.Name
	case "page_host":
		return &w.PageHost
	case "page_path":
		return &w.PagePath
	case "title":
		return &w.Title
	case "referrer_host":
		return &w.ReferrerHost
	case "referrer_path":
		return &w.ReferrerPath
	case "utm_source":
		return &w.UTMSource
	case "utm_medium":
		return &w.UTMMedium
	case "utm_campaign":
		return &w.UTMCampaign
	case "utm_term":
		return &w.UTMTerm
	case "utm_content":
		return &w.UTMContent
	}
	return nil
}

// keepWeb stores page views and custom events.
func (l *Loader) keepWeb(ctx context.Context, d *decoder, r *Result, name string, isRetry bool) error {
	p := bisect[warehouse.WebEvent]{
		rows: d.webEvents, insert: l.Warehouse.InsertWebEvents, absent: l.Warehouse.AbsentWebEvents,
		event: func(e *warehouse.WebEvent) uint64 { return e.EventID }, isRetry: isRetry,
	}
	if err := p.store(ctx, p.name(name, 0, len(p.rows.rows)), 0, len(p.rows.rows)); err != nil {
		return err
	}
	r.Restored += p.restored
	for i := range p.rows.rows {
		if p.refused[i] {
			d.reject(p.rows.origins[i], Refused, "the warehouse does not take a value of it")
			continue
		}
		r.count(p.rows.origins[i].body, Web, 0)
	}
	return nil
}
