package warehouse

import (
	"strconv"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"
)

// waitingOpen is the open of a message that is not registered.
func waitingOpen(n byte) Open {
	o := fullOpen()
	o.CampaignID, o.TokenStatus, o.Class = 0, 0, 1
	o.MessageID, o.EventID = uuid.UUID{0: n, 15: n}, uint64(n)
	o.VerdictVersion = 65534
	o.ReceivedAt = time.Now().Truncate(time.Millisecond) // rows live for 30 days from then
	return o
}

func register(t *testing.T, w *Warehouse, campaign uint64, ids ...byte) {
	t.Helper()
	var sends []Send
	for _, n := range ids {
		sends = append(sends, Send{CampaignID: campaign, MessageID: uuid.UUID{0: n, 15: n}, Recipient: "a@example.com"})
	}
	if err := w.InsertSends(t.Context(), time.Now().String(), sends); err != nil {
		t.Fatal(err)
	}
}

func move(t *testing.T, w *Warehouse, limit, want int) {
	t.Helper()
	if n, err := w.MoveResolved(t.Context(), limit); err != nil || n != want {
		t.Fatalf("%d opens were moved, %v; want %d", n, err, want)
	}
}

func TestAMovedOpenIsTheRowThatItWouldHaveBeen(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	o := waitingOpen(1)
	if err := w.InsertUnresolved(t.Context(), "a", []Open{o}); err != nil {
		t.Fatal(err)
	}
	move(t, w, 10, 0)
	register(t, w, 42, 1)
	move(t, w, 10, 1)
	moved := text(t, e, "SELECT * FROM opens FINAL FORMAT JSONEachRow")
	e.Empty(t)
	o.CampaignID = 42
	if err := w.InsertOpens(t.Context(), "b", []Open{o}); err != nil {
		t.Fatal(err)
	}
	if direct := text(t, e, "SELECT * FROM opens FINAL FORMAT JSONEachRow"); direct != moved {
		t.Errorf("moved\n%s\ndirect\n%s", moved, direct)
	}
}

func TestOnlyOpensOfRegisteredMessagesMove(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	var opens []Open
	for n := range byte(10) {
		opens = append(opens, waitingOpen(n+1))
	}
	if err := w.InsertUnresolved(t.Context(), "a", opens); err != nil {
		t.Fatal(err)
	}
	register(t, w, 42, 1, 2, 3)
	register(t, w, 42, 1, 2, 3) // again
	register(t, w, 43, 7, 99)
	move(t, w, 3, 3)
	move(t, w, 3, 1)
	move(t, w, 3, 0)
	if got := text(t, e, "SELECT campaign_id, event_id FROM opens FINAL ORDER BY ALL"); got != "42\t1\n42\t2\n42\t3\n43\t7\n" {
		t.Errorf("opens are\n%s", got)
	}
	if got := text(t, e, "SELECT count() FROM unresolved_opens FINAL WHERE moved = 0"); got != "6\n" {
		t.Errorf("%s opens still wait", got)
	}
}

// TestARepeatNeitherLosesNorRevivesAMovedOpen repeats the line before and after
// the move, as a replay or an unclean restart does.
func TestARepeatNeitherLosesNorRevivesAMovedOpen(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	first, again, later := waitingOpen(1), waitingOpen(1), waitingOpen(1)
	again.ReceivedAt = again.ReceivedAt.Add(time.Hour)
	later.EventID, later.OpenedAt = 100, later.OpenedAt.Add(time.Minute) // the same message once more
	insert := func(name string, o Open) {
		t.Helper()
		if err := w.InsertUnresolved(t.Context(), name, []Open{o}); err != nil {
			t.Fatal(err)
		}
	}
	insert("a", first)
	insert("b", again)
	register(t, w, 42, 1)
	move(t, w, 10, 1)
	insert("c", again)
	move(t, w, 10, 0)
	insert("d", later)
	move(t, w, 10, 1)
	text(t, e, "OPTIMIZE TABLE unresolved_opens FINAL")
	move(t, w, 10, 0)
	if got := text(t, e, "SELECT count() FROM opens FINAL"); got != "2\n" {
		t.Errorf("%s opens, want 2", got)
	}
}

// TestARepeatDoesNotChangeTheVerdictOfAWaitingOpen repeats the line after the
// ignore list has grown, before and after the rows have merged.
func TestARepeatDoesNotChangeTheVerdictOfAWaitingOpen(t *testing.T) {
	for _, merge := range []string{"", "OPTIMIZE TABLE unresolved_opens FINAL"} {
		e, w := engine(t)
		e.Empty(t)
		counted, ignored := waitingOpen(1), waitingOpen(1)
		ignored.Class, ignored.VerdictVersion = 9, 32766
		for name, o := range []Open{ignored, counted, ignored} {
			if err := w.InsertUnresolved(t.Context(), strconv.Itoa(name), []Open{o}); err != nil {
				t.Fatal(err)
			}
		}
		if merge != "" {
			text(t, e, merge)
		}
		register(t, w, 42, 1)
		move(t, w, 10, 1)
		if got := text(t, e, "SELECT toInt8(class), verdict_version FROM opens FINAL"); got != "1\t65534\n" {
			t.Errorf("after %q, the verdict is %s", merge, got)
		}
	}
}

func TestTheWaitingTableHasTheColumnsOfOpens(t *testing.T) {
	e, _ := engine(t)
	columns := func(table, without string) string {
		return text(t, e, "SELECT name, type FROM system.columns WHERE database = 'glint' AND table = '"+table+
			"' AND name != '"+without+"' AND default_kind = '' ORDER BY position")
	}
	if a, b := columns("opens", "campaign_id"), columns("unresolved_opens", "moved"); a != b {
		t.Errorf("opens has\n%s\nunresolved_opens has\n%s", a, b)
	}
}

func TestOpensOfRegisteredMessagesAreFoundOnEveryPage(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	var opens []Open
	for n := range byte(20) {
		o := waitingOpen(n/3 + 1) // three of each message, so that pages would end between them
		o.EventID = uint64(n)
		opens = append(opens, o)
	}
	if err := w.InsertUnresolved(t.Context(), "a", opens); err != nil {
		t.Fatal(err)
	}
	register(t, w, 42, 1, 2, 4, 7)
	for _, page := range []int{1, 2, 3, 4, 20, 21} {
		if _, n, err := w.resolvable(t.Context(), 100, page); err != nil || n != 11 {
			t.Errorf("by pages of %d, %d opens can be moved, %v; want 11", page, n, err)
		}
	}
}

// TestALookAtAFullTableNeedsLittleMemory gives the query less memory than a set of all
// waiting messages would take, since strangers can invent them.
func TestALookAtAFullTableNeedsLittleMemory(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	text(t, e, "INSERT INTO unresolved_opens (message_id, opened_at, event_id, received_at) "+
		"SELECT generateUUIDv4(), now64(3), rand64(), now64(3) FROM numbers(4000000)")
	if err := w.InsertUnresolved(t.Context(), "a", []Open{waitingOpen(1)}); err != nil {
		t.Fatal(err)
	}
	register(t, w, 42, 1)
	little := clickhouse.Context(t.Context(), clickhouse.WithSettings(clickhouse.Settings{"max_memory_usage": 150 << 20}))
	if n, err := w.Waiting(little); err != nil || n.UnresolvedOpens != 4_000_001 {
		t.Errorf("%+v, %v", n, err)
	}
	if _, n, err := w.resolvable(little, 10, pageOpens); err != nil || n != 1 {
		t.Errorf("%d opens can be moved, %v; want 1", n, err)
	}
}

func TestCappedTablesAreCounted(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	if err := w.InsertUnresolved(t.Context(), "a", []Open{waitingOpen(1), waitingOpen(2)}); err != nil {
		t.Fatal(err)
	}
	bad := fullBadToken()
	bad.ReceivedAt = time.Now()
	for _, name := range []string{"a", "b"} {
		if err := w.InsertBadTokens(t.Context(), name, []BadToken{bad}); err != nil {
			t.Fatal(err)
		}
	}
	register(t, w, 42, 2)
	move(t, w, 10, 1)
	text(t, e, "OPTIMIZE TABLE bad_tokens FINAL")
	if n, err := w.Waiting(t.Context()); err != nil || n != (Waiting{1, 1}) {
		t.Errorf("%+v, %v", n, err)
	}
}
