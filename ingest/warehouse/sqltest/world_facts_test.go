package sqltest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"glint/ingest/warehouse"
)

// facts are the facts of an open about its client. They follow from the event's
// random id, so that a repeat has the same.
type facts struct{ client, vendor, os, device, country, network string }

func (o open) facts() facts {
	pick := func(shift int, of ...string) string { return of[o.event>>shift%uint64(len(of))] }
	return facts{
		pick(3, "Gmail", "Apple Mail", "", "Outlook"), pick(6, "Google", "Apple", ""), pick(9, "iOS", "Windows", "unknown behind Gmail", ""),
		pick(12, "phone", "desktop", ""), pick(15, "DE", "FR", "US", ""),
		pick(18, "none", "none", "none", "apple_relay", "hosting", "scanner:proofpoint", "unknown"),
	}
}

// domain is of the recipient's address; one recipient has none.
func (s send) domain() string {
	return []string{"gmail.com", "web.de", "example.com", "", "yahoo.co.uk", "hotmail.fr"}[s.recipient()%6]
}

var providers = map[string]string{
	"gmail.com": "Gmail", "web.de": "WEB.DE", "example.com": "other", "": "unknown", "yahoo.co.uk": "Yahoo", "hotmail.fr": "Microsoft",
}

// value is the value of a dimension that an open has.
func (o open) value(dimension string) string {
	f := o.facts()
	if dimension == "country" {
		own := o.class == "human_direct" || o.class == "unknown"
		if !own || f.country == "" || f.network == "apple_relay" || f.network == "hosting" || strings.HasPrefix(f.network, "scanner:") {
			return warehouse.CannotBeTold
		}
		return f.country
	}
	return cmp.Or(map[string]string{
		"client": f.client, "vendor": f.vendor, "os": f.os, "device": f.device, "class": o.class, "reason": o.reason,
	}[dimension], "unknown")
}

// first returns the open that comes first, opens of an impossible time behind
// all others; nil without opens.
func first(opens []open) *open {
	if len(opens) == 0 {
		return nil
	}
	suspect := func(o open) int { return map[bool]int{true: 1}[o.suspect != "none"] }
	o := slices.MinFunc(opens, func(a, b open) int {
		return cmp.Or(cmp.Compare(suspect(a), suspect(b)), a.openedAt.Compare(b.openedAt), cmp.Compare(a.event, b.event))
	})
	return &o
}

// perMessage returns the counted opens of each registered message of a campaign,
// and those by a person of each measured one.
func (w *world) perMessage(c campaign, all map[messageKey]*messageState) (counted, persons map[int][]open) {
	counted, persons = map[int][]open{}, map[int][]open{}
	for _, o := range w.opens {
		m := all[messageKey{o.campaign, o.message}]
		if o.campaign != c.id || o.class == "not_image" || !m.counts || m.hidden() {
			continue
		}
		counted[o.message] = append(counted[o.message], o)
		if m.measured() && (o.class == "human_direct" || o.class == "proxy_human") {
			persons[o.message] = append(persons[o.message], o)
		}
	}
	return counted, persons
}

// breakdown counts the messages of a campaign by a dimension, sorted by value.
func (w *world) breakdown(c campaign, all map[messageKey]*messageState, dimension string) []warehouse.ValueCount {
	counted, persons := w.perMessage(c, all)
	counts := map[string]*warehouse.ValueCount{}
	at := func(message int, opens []open) *warehouse.ValueCount {
		value := providers[all[messageKey{c.id, message}].domain()]
		if dimension != "provider" {
			value = first(opens).value(dimension)
		}
		if counts[value] == nil {
			counts[value] = &warehouse.ValueCount{Value: value}
		}
		return counts[value]
	}
	for message, opens := range counted {
		at(message, opens).UniqueOpens++
	}
	for message, opens := range persons {
		at(message, opens).ReliableUniqueOpens++
	}
	var list []warehouse.ValueCount
	for _, count := range counts {
		list = append(list, *count)
	}
	sortValues(list)
	return list
}

func sortValues(list []warehouse.ValueCount) {
	slices.SortFunc(list, func(a, b warehouse.ValueCount) int { return strings.Compare(a.Value, b.Value) })
}

// timeline counts by the begin of a bucket, which begin returns for a time; the zero
// time holds impossible ones.
func (w *world) timeline(c campaign, all map[messageKey]*messageState, begin func(time.Time) time.Time) []warehouse.TimeCount {
	counted, persons := w.perMessage(c, all)
	counts := map[time.Time]*warehouse.TimeCount{}
	at := func(o *open) *warehouse.TimeCount {
		var start time.Time
		if o.suspect == "none" {
			start = begin(o.openedAt).UTC()
		}
		if counts[start] == nil {
			counts[start] = &warehouse.TimeCount{Start: start}
		}
		return counts[start]
	}
	for _, opens := range counted {
		for i := range opens {
			at(&opens[i]).Opens++
		}
		at(first(opens)).UniqueOpens++
	}
	for _, opens := range persons {
		at(first(opens)).ReliableUniqueOpens++
	}
	var list []warehouse.TimeCount
	for _, count := range counts {
		list = append(list, *count)
	}
	slices.SortFunc(list, func(a, b warehouse.TimeCount) int { return a.Start.Compare(b.Start) })
	return list
}

// delays returns the whole minutes from sending to the first open by a person,
// sorted, and the number of messages of which they are not known.
func (w *world) delays(c campaign, all map[messageKey]*messageState) (minutes []int, untimed uint64) {
	_, persons := w.perMessage(c, all)
	for message, opens := range persons {
		sent, o := all[messageKey{c.id, message}].sentAt, first(opens)
		if sent.IsZero() || o.suspect != "none" {
			untimed++
			continue
		}
		minutes = append(minutes, int(max(0, o.openedAt.Sub(sent))/time.Minute))
	}
	slices.Sort(minutes)
	return minutes, untimed
}

func (o open) factsRow() string {
	f := o.facts()
	return fmt.Sprintf("'%s', '%s', '%s', '%s', '%s', '%s'", f.client, f.vendor, f.os, f.device, f.country, f.network)
}
