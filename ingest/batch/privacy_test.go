package batch

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"glint/edge/classify"
	"glint/edge/event"
	"glint/edge/privacy"
	"glint/edge/token"
	"glint/ingest/consent"
	"glint/ingest/warehouse"
)

// withdrawals are the withdrawals of a warehouse; they never change.
type withdrawals map[uuid.UUID]warehouse.Fate

func (w withdrawals) WithdrawalState(context.Context) (uint64, time.Time, error) {
	return uint64(len(w)), now, nil
}

func (w withdrawals) WithdrawnMessages(_ context.Context, _ time.Time, visit func(uuid.UUID, warehouse.Fate)) error {
	for id, fate := range w {
		visit(id, fate)
	}
	return nil
}

func (withdrawals) ErasedMessages(context.Context, time.Time, func(warehouse.ErasedHash)) error {
	return nil
}

func (withdrawals) ApplyWithdrawals(context.Context, time.Time) (warehouse.Swept, error) {
	return warehouse.Swept{}, nil
}

func setOf(tb testing.TB, w withdrawals) *consent.Set {
	tb.Helper()
	f := consent.Follower{Set: &consent.Set{}}
	if err := f.Load(tb.Context(), w); err != nil {
		tb.Fatal(err)
	}
	return f.Set
}

// personal is a line of an edge that knows no modes, with all that names a person.
func personal(tb testing.TB, n byte, mode token.Mode, change func(*event.Event)) string {
	tb.Helper()
	text, err := ring(tb, token.Signing).Sign(token.Token{Campaign: campaign, Message: message, Mode: mode, IssuedAt: 1_700_000_000})
	if err != nil {
		tb.Fatal(err)
	}
	return openLine(tb, n, func(e *event.Event) {
		e.Token, e.Path, e.IP, e.RefererHost, e.Region, e.JA4 = text, "/o/"+text+".gif?who=PERSON", "192.0.2.77", "person.example", "PERSON", "PERSON"
		e.UserAgent += " PERSON"
		if change != nil {
			change(e)
		}
	})
}

func TestModesHoldForLinesOfOlderEdges(t *testing.T) {
	hour := now.Add(-time.Minute).UTC().Truncate(time.Hour)
	for _, c := range []struct {
		mode token.Mode
		want string
		rows []warehouse.AggregateOpen
	}{
		{token.Identified, "stored=1", nil},
		{token.Pseudonymous, "stored=1", nil},
		{token.LastOpen, "last_open=1", nil},
		{token.Aggregate, "aggregated=1", []warehouse.AggregateOpen{{
			CampaignID: uint64(campaign), StratumID: uuid.UUID(message), OpenedHour: hour, EventID: 1, Class: 1, Reason: "mail_app", RulesetVersion: classify.RulesetVersion,
		}}},
	} {
		w := newWorld(t)
		w.load(t, personal(t, 1, c.mode, nil))
		if got := countsText(w.counted); got != c.want {
			t.Errorf("mode %d: %s, want %s", c.mode, got, c.want)
		}
		ignored := cmpopts.IgnoreFields(warehouse.AggregateOpen{}, "VerdictVersion", "Reason")
		if diff := cmp.Diff(c.rows, w.house.aggregates, ignored); diff != "" {
			t.Errorf("mode %d: -want +got:\n%s", c.mode, diff)
		}
		for _, o := range w.stored() {
			text := o.RefererHost + o.Region + o.JA4 + o.Path
			if c.mode == token.Pseudonymous && (text != "" || o.IP.IsValid()) {
				t.Errorf("mode %d: %+v", c.mode, o)
			}
			if c.mode == token.Identified && !strings.Contains(text, "PERSON") {
				t.Errorf("an identified row lacks facts: %+v", o)
			}
		}
	}
}

func TestTheEdgesClassIsTakenWhereItLeftOutTheClient(t *testing.T) {
	w := newWorld(t)
	w.load(t, personal(t, 1, token.Aggregate, func(e *event.Event) {
		e.UserAgent = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
		e.ASNumber, e.Network = 15169, "hosting"
		privacy.Reduce(e, token.Aggregate)
	}))
	if a := w.house.aggregates; len(a) != 1 || a[0].Class != 2 || !a[0].ReducedByEdge || a[0].Reason == "" {
		t.Errorf("%+v", a)
	}
}

func TestOpensOfWithdrawnMessagesBelongToNoMessage(t *testing.T) {
	for _, c := range []struct {
		fate warehouse.Fate
		want string
	}{
		{warehouse.FateCount, "aggregated=2"}, {warehouse.FateAnonymous, "aggregated=2"}, {warehouse.FateDrop, "withheld=2"},
	} {
		w := newWorld(t)
		id := uuid.UUID(message)
		w.house.registered[id] = uint64(campaign)
		w.Withdrawn = setOf(t, withdrawals{id: c.fate})
		w.load(t, personal(t, 1, token.Identified, nil), plainLine(t, 2, id.String()))
		if got := countsText(w.counted); got != c.want || len(w.stored()) != 0 {
			t.Errorf("%v: %s, want %s; %d rows of messages", c.fate, got, c.want, len(w.stored()))
		}
		for _, a := range w.house.aggregates {
			if a.StratumID != (uuid.UUID{}) || (a.Client != "") != (c.fate == warehouse.FateAnonymous) || a.OpenedHour.Minute() != 0 {
				t.Errorf("%v: %+v", c.fate, a)
			}
		}
	}
}

// TestWebEventsNameNoMessageThatIsWithdrawnOrDeleted: they stay events of their site.
func TestWebEventsNameNoMessageThatIsWithdrawnOrDeleted(t *testing.T) {
	line := personal(t, 1, token.Identified, func(e *event.Event) {
		e.Kind, e.Path, e.Web = event.KindEvent, "", `{"site":"shop","name":"bought"}`
	})
	for _, fate := range []warehouse.Fate{
		warehouse.FateKeep, warehouse.FatePseudonymous, warehouse.FateLastOpen, warehouse.FateAnonymous, warehouse.FateCount, warehouse.FateDrop,
	} {
		for _, deleted := range []bool{false, true} {
			w := newWorld(t)
			w.Withdrawn = setOf(t, withdrawals{uuid.UUID(message): fate})
			if w.Deleted = (&Deleted{}); deleted {
				w.Deleted.campaigns.Store(&map[uint64]struct{}{uint64(campaign): {}})
			}
			w.load(t, line)
			events := w.house.webEvents
			if len(events) != 1 {
				t.Fatalf("%v, deleted %v: %d events", fate, deleted, len(events))
			}
			named := events[0].MessageID == uuid.UUID(message) && events[0].CampaignID == uint64(campaign)
			nameless := events[0].MessageID == uuid.UUID{} && events[0].CampaignID == 0
			if keep := fate == warehouse.FateKeep && !deleted; keep != named || keep == nameless {
				t.Errorf("%v, deleted %v: %+v", fate, deleted, events[0])
			}
		}
	}
}

func TestDeadLettersHoldNoMoreThanTheModeAllows(t *testing.T) {
	w := newWorld(t)
	late := func(e *event.Event) { e.OpenedAt = now.Add(48 * time.Hour) }
	w.load(t, personal(t, 1, token.Aggregate, late), personal(t, 2, token.LastOpen, late), personal(t, 3, token.Identified, late))
	w.Withdrawn = setOf(t, withdrawals{uuid.UUID(message): warehouse.FateCount})
	w.load(t, personal(t, 4, token.Identified, late))
	for _, l := range w.letters(t) {
		if identified := strings.Contains(l.Line, `0000003"`); strings.Contains(l.Line, "PERSON") != identified || strings.Contains(l.Line, "192.0.2") != identified {
			t.Errorf("%s", l.Line)
		}
	}
	if got := countsText(w.counted); got != "last_open=1 bad_time=3" {
		t.Error(got)
	}
}

func TestBadTokensHoldNoMoreThanTheyClaim(t *testing.T) {
	w := newWorld(t)
	spoilt := func(e *event.Event) { e.Token = e.Token[:50]; e.Path = "" }
	w.load(t, personal(t, 1, token.Aggregate, spoilt), personal(t, 2, token.Identified, spoilt))
	for _, rows := range w.house.badTokens {
		for _, b := range rows {
			if (b.UserAgent != "") != (b.EventID == 2) || b.IP.IsValid() != (b.EventID == 2) {
				t.Errorf("%+v", b)
			}
		}
	}
	if got := countsText(w.counted); got != "bad_token=2" {
		t.Error(got)
	}
}

// BenchmarkWithdrawn measures the cost of the look-up of withdrawn messages when an
// open is decoded, beside decoding without it.
func BenchmarkWithdrawn(b *testing.B) {
	million := withdrawals{}
	for range 1_000_000 {
		million[uuid.New()] = warehouse.FateCount
	}
	body := []byte(strings.Repeat(personal(b, 1, token.Identified, nil)+"\n", 1000))
	for _, c := range []struct {
		name string
		set  *consent.Set
	}{{"none", nil}, {"million", setOf(b, million)}} {
		b.Run(c.name, func(b *testing.B) {
			w := newWorld(b)
			w.Withdrawn = c.set
			for b.Loop() {
				d := newDecoder(w.Loader, []Body{{ReceivedAt: w.receivedAt, Lines: body, Count: 1000}})
				if err := d.decode(b.Context()); err != nil {
					b.Fatal(err)
				}
				d.free()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/event")
		})
	}
	b.Run("look-up alone", func(b *testing.B) {
		set, id := setOf(b, million), uuid.New()
		for b.Loop() {
			_ = set.Fate(id)
		}
	})
}
