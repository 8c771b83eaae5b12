package deliveries

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"glint/edge/pixel"
	"glint/ingest/sends"
	"glint/ingest/warehouse"
	"glint/ingest/warehouse/enginetest"
	"glint/ingest/warehouse/enginetest/client"
)

// register registers the campaign spring with n recipients, and returns their message ids.
func register(tb testing.TB, w *warehouse.Warehouse, n int) []uuid.UUID {
	tb.Helper()
	c, err := w.EnsureCampaign(tb.Context(), "spring")
	if err != nil {
		tb.Fatal(err)
	}
	deriver := sends.NewDeriver(c.IDKey)
	ids, rows := make([]uuid.UUID, n), make([]warehouse.Send, n)
	for i := range rows {
		ids[i] = deriver.MessageID(address(i), 0)
		rows[i] = warehouse.Send{CampaignID: c.ID, MessageID: ids[i], Recipient: address(i), URLStyle: warehouse.StyleToken}
	}
	for start := 0; start < n; start += 100_000 {
		end := min(start+100_000, n)
		if err := w.InsertSends(tb.Context(), fmt.Sprint("sends ", start), rows[start:end]); err != nil {
			tb.Fatal(err)
		}
	}
	return ids
}

func address(i int) string { return fmt.Sprintf("reader%d@example.com", i) }

func newStore(w Warehouse) *Store {
	return &Store{Warehouse: w, Now: func() time.Time { return now }, Judge: Judge{
		Lookup: func(a netip.Addr) pixel.Network {
			if a == netip.MustParseAddr("192.0.2.66") {
				return pixel.Network{Known: true, Name: "scanner:gate", ASNumber: 64500}
			}
			return pixel.Network{Known: true, Name: "none", Country: "DE"}
		},
	}}
}

// do imports a text and returns the result.
func do(tb testing.TB, to Adder, text string) Outcome {
	tb.Helper()
	o, err := Import(tb.Context(), to, strings.NewReader(text), Options{Now: now}, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return o
}

// tables are the rows but for when they came.
func tables(tb testing.TB, e *enginetest.Warehouse) string {
	tb.Helper()
	const facts = " EXCEPT (received_at)"
	return e.Text(tb, enginetest.WarehouseUser, "SELECT *"+facts+" FROM deliveries FINAL ORDER BY ALL FORMAT TSV", nil) +
		e.Text(tb, enginetest.WarehouseUser, "SELECT *"+facts+" FROM unresolved_deliveries FINAL WHERE moved = 0 ORDER BY ALL FORMAT TSV", nil)
}

const person = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

// TestNumbersOfAReportFollow imports a campaign's events, and reads its report.
func TestNumbersOfAReportFollow(t *testing.T) {
	e, w := client.Open(t)
	ids := register(t, w, 10)
	lines := []string{"event,at,message_id,campaign,recipient,url,user_agent,ip,bounce_type"}
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	add("bounced,2026-11-20T10:00:00Z,%s,,,,,,", ids[0])
	add("bounced,2026-11-20T10:00:00Z,,spring,%s,,,,transient", address(1))
	add("clicked,2026-11-20T10:00:01Z,,SPRING ,%s,https://example.com,%q,192.0.2.7,", address(2), person)
	add("clicked,2026-11-20T10:00:01Z,,spring,%s,https://example.com,%q,192.0.2.7,", address(2), person)
	add("clicked,2026-11-20T10:00:01Z,,spring,%s,https://example.com,,,", address(3))
	add("clicked,2026-11-20T10:00:01Z,,spring,%s,https://example.com,curl/8.5.0,192.0.2.7,", address(4))
	add("clicked,2026-11-20T10:00:01Z,,spring,%s,https://example.com,%q,192.0.2.66,", address(5), person)
	add("complained,2026-11-20T10:00:02Z,,spring,%s,,,,", address(6))
	add("unsubscribed,2026-11-20T10:00:02Z,,spring,%s,,,,", address(7))
	add("replied,2026-11-20T10:00:02Z,,spring,%s,,,,", address(8))
	add("out of office,2026-11-20T10:00:02Z,,spring,%s,,,,", address(9))
	o := do(t, newStore(w), strings.Join(lines, "\n"))
	// SPRING is another campaign, which does not exist: its click waits.
	if o.Stored != 10 || o.Waiting != 1 || o.Repeated != 0 || o.Faulty != 0 {
		t.Errorf("%+v", o)
	}
	r, err := w.ReportOf(t.Context(), "spring")
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(r.Sends, r.Delivered, r.Bounced, r.Clicked, r.Complained, r.Unsubscribed, r.Replied, r.ConfirmedUniqueOpens)
	if want := "10 9 1 2 1 1 1 3"; got != want {
		t.Errorf("sends, delivered, bounced, clicked, complained, unsubscribed, replied, confirmed: %s, want %s", got, want)
	}
	if got := e.Text(t, enginetest.WarehouseUser, "SELECT DISTINCT toString(ip) FROM deliveries WHERE class != 'unknown' ORDER BY 1", nil); got != "::ffff:192.0.2.0\n" {
		t.Errorf("addresses are kept as %s", got)
	}
}

// TestAnyOrderRepetitionAndChunkingGivesTheSameTables shuffles, repeats and cuts
// events, many of which are the same one with other facts.
func TestAnyOrderRepetitionAndChunkingGivesTheSameTables(t *testing.T) {
	e, w := client.Open(t)
	ids := register(t, w, 5)
	var lines []string
	for i := range 60 {
		name := fmt.Sprintf(`"message_id":%q`, ids[i%5])
		if i%3 == 0 {
			name = fmt.Sprintf(`"campaign":"spring","recipient":%q`, address(i%7))
		}
		facts := []string{"", `,"user_agent":"curl/8.5.0"`, `,"user_agent":"` + person + `","ip":"192.0.2.7"`, `,"ip":"192.0.2.66"`}[i%4]
		lines = append(lines, fmt.Sprintf(`{"event":"clicked","at":"2026-11-20T10:00:0%dZ","url":"https://example.com/%d",%s%s}`, i%2, i%2, name, facts),
			fmt.Sprintf(`{"event":"bounced","at":"2026-11-20T10:00:00Z",%s,"bounce_type":%q,"dsn":"5.1.%d"}`, name, []string{"", "hard", "soft", "unknown"}[i%4], i%3))
	}
	do(t, newStore(w), strings.Join(lines, "\n"))
	want := tables(t, e)
	source := rand.New(rand.NewPCG(1, 2))
	for round := range 6 {
		e.Text(t, enginetest.WarehouseUser, "TRUNCATE TABLE deliveries", nil)
		e.Text(t, enginetest.WarehouseUser, "TRUNCATE TABLE unresolved_deliveries", nil)
		for range 1 + round%2 {
			source.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
			for rest := lines; len(rest) > 0; {
				n := min(1+source.IntN(50), len(rest))
				do(t, newStore(w), strings.Join(rest[:n], "\n"))
				rest = rest[n:]
			}
		}
		if diff := cmp.Diff(want, tables(t, e)); diff != "" {
			t.Fatalf("round %d: %s", round, diff)
		}
		o := do(t, newStore(w), strings.Join(lines, "\n"))
		if o.Stored+o.Waiting != 0 || o.Repeated != len(lines) {
			t.Errorf("again: %+v", o)
		}
	}
}

// TestWhatWaitsMovesOnceItIsRegistered compares with events that came later.
func TestWhatWaitsMovesOnceItIsRegistered(t *testing.T) {
	e, w := client.Open(t)
	deriver := sends.NewDeriver([32]byte{})
	stranger := deriver.MessageID("nobody", 0)
	var lines []string
	for i := range 8 {
		lines = append(lines, fmt.Sprintf(`{"event":"clicked","at":"2026-11-20T10:00:00Z","campaign":"spring","recipient":%q,"url":"https://example.com/"}`, address(i)),
			fmt.Sprintf(`{"event":"bounced","at":"2026-11-20T10:00:00Z","campaign":"spring","recipient":%q}`, address(i)))
	}
	lines = append(lines, fmt.Sprintf(`{"event":"clicked","at":"2026-11-20T10:00:00Z","message_id":%q}`, stranger))
	o := do(t, newStore(w), strings.Join(lines, "\n"))
	if o.Waiting != len(lines) || o.Stored != 0 {
		t.Fatalf("%+v", o)
	}
	if o = do(t, newStore(w), strings.Join(lines, "\n")); o.Repeated != len(lines) {
		t.Fatalf("again: %+v", o)
	}
	if text := tables(t, e); strings.Contains(text, "@") {
		t.Error("an address waits")
	}
	register(t, w, 5)
	n, err := w.WaitingDeliveries(t.Context())
	if err != nil || n.Waiting != 17 || n.Resolvable != 10 {
		t.Fatalf("%+v %v", n, err)
	}
	for range 2 {
		if err := w.MoveDeliveries(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n, err = w.WaitingDeliveries(t.Context()); err != nil || n.Waiting != 7 || n.Resolvable != 0 {
		t.Fatalf("%+v %v", n, err)
	}
	moved := tables(t, e)
	e.Text(t, enginetest.WarehouseUser, "TRUNCATE TABLE deliveries", nil)
	e.Text(t, enginetest.WarehouseUser, "TRUNCATE TABLE unresolved_deliveries", nil)
	if o = do(t, newStore(w), strings.Join(lines, "\n")); o.Stored != 10 || o.Waiting != 7 {
		t.Errorf("direct: %+v", o)
	}
	if diff := cmp.Diff(tables(t, e), moved); diff != "" {
		t.Error(diff)
	}
}

// TestACommitterServesManyAtOnce lets callers add the same and other events.
func TestACommitterServesManyAtOnce(t *testing.T) {
	_, w := client.Open(t)
	ids := register(t, w, 20)
	c := NewCommitter(newStore(w))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { c.Run(ctx); close(ended) }()
	outcomes := make(chan Outcome, 20)
	for i := range 20 {
		go func() {
			text := fmt.Sprintf(`{"event":"sent","at":"2026-11-20T10:00:00Z","message_id":%q}`, ids[i/2])
			o, err := Import(ctx, c, strings.NewReader(text), Options{Now: now}, nil)
			if err != nil {
				t.Error(err)
			}
			outcomes <- o
		}()
	}
	stored, repeated := 0, 0
	for range 20 {
		o := <-outcomes
		stored, repeated = stored+o.Stored, repeated+o.Repeated
	}
	stop()
	<-ended
	if stored != 10 || repeated != 10 {
		t.Errorf("%d stored, %d repeated", stored, repeated)
	}
}

// BenchmarkImportMillion imports a million events of messages that are registered,
// the first time and again. The budget is 5 s each.
func BenchmarkImportMillion(b *testing.B) {
	const million = 1_000_000
	e, w := client.Open(b)
	ids := register(b, w, million)
	var csv, jsonl, recipients bytes.Buffer
	csv.WriteString("event,at,message_id,url,user_agent,ip\n")
	recipients.WriteString("event,at,campaign,recipient\n")
	at := now.Add(-24 * time.Hour)
	for i, id := range ids {
		stamp := at.Add(time.Duration(i) * time.Millisecond).Format(time.RFC3339)
		switch i % 4 {
		case 0:
			fmt.Fprintf(&csv, "clicked,%s,%s,https://example.com/%d,\"%s\",192.0.2.%d\n", stamp, id, i%9, person, i%200)
		default:
			fmt.Fprintf(&csv, "delivered,%s,%s,,,\n", stamp, id)
		}
		fmt.Fprintf(&jsonl, "{\"event\":\"delivered\",\"at\":\"%s\",\"message_id\":\"%s\"}\n", stamp, id)
		fmt.Fprintf(&recipients, "delivered,%s,spring,%s\n", stamp, address(i))
	}
	for _, c := range []struct {
		name string
		text []byte
	}{{"csv", csv.Bytes()}, {"jsonl", jsonl.Bytes()}, {"recipients", recipients.Bytes()}} {
		for _, name := range []string{"first", "again"} {
			b.Run(c.name+"/"+name, func(b *testing.B) {
				b.SetBytes(int64(len(c.text)))
				for b.Loop() {
					if name == "first" {
						b.StopTimer()
						e.Text(b, enginetest.WarehouseUser, "TRUNCATE TABLE deliveries", nil)
						b.StartTimer()
					}
					o, err := Import(b.Context(), newStore(w), bytes.NewReader(c.text), Options{Now: now}, nil)
					if err != nil || o.Stored+o.Repeated != million {
						b.Fatalf("%+v %v", o, err)
					}
				}
			})
		}
	}
}
