package warehouse

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"
	"github.com/google/uuid"
)

// LiveKind is a kind of event on the live page: opens by the kind of client, and events
// from pages of sites.
type LiveKind int

// The kinds. A client of unknown kind and Apple Mail's relay may hide a person.
// PageView and CustomEvent are without machines, as in the views page_views and
// custom_events.
const (
	OpenByPerson LiveKind = iota
	OpenHidden
	OpenByMachine
	PageView
	CustomEvent
	WebByMachine
)

// LiveKinds is the number of kinds.
const LiveKinds = 6

// LiveTally has a number for each LiveKind.
type LiveTally [LiveKinds]uint64

// Add adds the numbers of another tally.
func (t *LiveTally) Add(other *LiveTally) {
	for kind, n := range other {
		t[kind] += n
	}
}

// The Enum8 values of class that a LiveKind depends on.
const (
	classUnknown     = 0
	classHuman       = 1
	classProxyHuman  = 2
	classPrefetch    = 3
	classNotImage    = 9
	appleRelayReason = "apple_mpp"
)

// LiveKind returns the kind of the open. It returns false if the row is not an
// open, or its time is not possible. queries/live_opens.sql makes the same
// division.
func (o *Open) LiveKind() (LiveKind, bool) {
	if o.Class == classNotImage || o.TimeSuspect != SuspectNone {
		return 0, false
	}
	switch {
	case o.Class == classHuman || o.Class == classProxyHuman:
		return OpenByPerson, true
	case o.Class == classUnknown || o.Class == classPrefetch && strings.HasPrefix(o.Reason, appleRelayReason):
		return OpenHidden, true
	}
	return OpenByMachine, true
}

// LiveKind returns the kind of the view or event. It returns false if the row
// counts nowhere. queries/live_web.sql makes the same division.
func (e *WebEvent) LiveKind() (LiveKind, bool) {
	person := e.Class == classHuman || e.Class == classProxyHuman || e.Class == classUnknown
	switch {
	case e.Name == "" && person:
		return PageView, true
	case e.Name != "" && (person || e.Certain):
		return CustomEvent, true
	}
	return WebByMachine, e.Class != classNotImage
}

// MinuteCount holds the counts of one minute.
type MinuteCount struct {
	Minute int64 // Unix minutes
	N      LiveTally
}

// LiveCounts returns, by minute, the opens of all campaigns and the events of all
// sites that happened since one time and were received before another, tests
// included.
func (w *Warehouse) LiveCounts(ctx context.Context, since, receivedBefore time.Time) ([]MinuteCount, error) {
	tallies := map[int64]*LiveTally{}
	for query, first := range map[string]LiveKind{"live_opens": OpenByPerson, "live_web": PageView} {
		var n uint64
		var minutes []int64
		var counts [LiveKinds / 2][]uint64
		if err := w.ask(ctx, query, liveBounds(since, receivedBefore), &n, &minutes, &counts[0], &counts[1], &counts[2]); err != nil {
			return nil, fmt.Errorf("count by minute: %s: %w", query, err)
		}
		for i, minute := range minutes {
			if tallies[minute] == nil {
				tallies[minute] = &LiveTally{}
			}
			for k := range counts {
				tallies[minute][first+LiveKind(k)] = counts[k][i]
			}
		}
	}
	all := make([]MinuteCount, 0, len(tallies))
	for minute, n := range tallies {
		all = append(all, MinuteCount{minute, *n})
	}
	return all, nil
}

func liveBounds(since, receivedBefore time.Time) []any {
	return []any{clickhouse.Named("since_ms", since.UnixMilli()), clickhouse.Named("until_ms", receivedBefore.UnixMilli())}
}

// LivePage is a page of a site, or a page elsewhere that led to the site.
type LivePage struct{ Site, Host, Path string }

// Page returns the page of a view.
func (e *WebEvent) Page() LivePage { return LivePage{e.Site, e.PageHost, e.PagePath} }

// Referrer returns the page that led to a view, and false if none was named or
// it has the view's own host.
func (e *WebEvent) Referrer() (LivePage, bool) {
	return LivePage{e.Site, e.ReferrerHost, e.ReferrerPath}, e.ReferrerHost != "" && e.ReferrerHost != e.PageHost
}

// LivePages returns the pages with the most views that happened since one time and
// were received before another, and the number of these views, without machines.
func (w *Warehouse) LivePages(ctx context.Context, since, receivedBefore time.Time) (map[LivePage]uint64, error) {
	return w.livePages(ctx, "live_pages", since, receivedBefore)
}

// LiveReferrers is LivePages for the pages elsewhere that led to the views.
func (w *Warehouse) LiveReferrers(ctx context.Context, since, receivedBefore time.Time) (map[LivePage]uint64, error) {
	return w.livePages(ctx, "live_referrers", since, receivedBefore)
}

func (w *Warehouse) livePages(ctx context.Context, query string, since, receivedBefore time.Time) (map[LivePage]uint64, error) {
	var n uint64
	var sites, hosts, paths []string
	var views []uint64
	if err := w.ask(ctx, query, liveBounds(since, receivedBefore), &n, &sites, &hosts, &paths, &views); err != nil {
		return nil, fmt.Errorf("read the most seen pages: %s: %w", query, err)
	}
	found := make(map[LivePage]uint64, len(sites))
	for i := range sites {
		found[LivePage{sites[i], hosts[i], paths[i]}] = views[i]
	}
	return found, nil
}

// MessageKey identifies a message by the key of its row.
type MessageKey struct {
	CampaignID uint64
	MessageID  uuid.UUID
}

// Addressee is the recipient of a message. Recipient is empty unless opens may
// be shown with it.
type Addressee struct {
	Recipient string
	Test      bool
}

// wantedKeys returns the external table wanted, which some queries use.
func wantedKeys(messages []MessageKey) (*ext.Table, error) {
	wanted, err := ext.NewTable("wanted_keys", ext.Column("campaign_id", "UInt64"), ext.Column("message_id", "UUID"))
	if err != nil {
		return nil, err
	}
	for _, m := range messages {
		if err := wanted.Append(m.CampaignID, m.MessageID); err != nil {
			return nil, err
		}
	}
	return wanted, nil
}

// Addressees returns the addressees of the messages; unregistered messages are
// absent. Only identified messages have a recipient.
func (w *Warehouse) Addressees(ctx context.Context, messages []MessageKey) (map[uuid.UUID]Addressee, error) {
	found := map[uuid.UUID]Addressee{}
	if len(messages) == 0 {
		return found, nil
	}
	fail := func(err error) (map[uuid.UUID]Addressee, error) {
		return nil, fmt.Errorf("look up recipients of opens: %w", err)
	}
	wanted, err := wantedKeys(messages)
	if err != nil {
		return fail(err)
	}
	var n uint64
	var ids []uuid.UUID
	var recipients []string
	var tracking []int8
	var tests []uint8
	err = w.ask(clickhouse.Context(ctx, clickhouse.WithExternalTable(wanted)), "live_messages", nil, &n, &ids, &recipients, &tracking, &tests)
	if err != nil {
		return fail(err)
	}
	for i, id := range ids {
		a := Addressee{Test: tests[i] == 1}
		if Tracking(tracking[i]) == Identified {
			a.Recipient = recipients[i]
		}
		found[id] = a
	}
	return found, nil
}
