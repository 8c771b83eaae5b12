package listing

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"glint/ingest/warehouse"
)

var someColumns = []Column{{"recipient", Text}, {"first_open_at", Time}, {"opens", Number}}

func written(t *testing.T, format string, rows ...[]string) string {
	t.Helper()
	var b bytes.Buffer
	w := New(&b, format, someColumns)
	for _, row := range rows {
		if err := w.Row(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.End(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestForms(t *testing.T) {
	rows := [][]string{
		{"ada@example.com", At(1_700_000_000_123), "12345"}, {"=cmd|' /C calc'!A0", "", "-1"}, {"a\x1b[2J\u202e\"<b>\n,", "", ""},
	}
	for format, want := range map[string]string{
		"table": "RECIPIENT           FIRST OPEN AT             OPENS\n" +
			"ada@example.com     2023-11-14 22:13:20 UTC  12,345\n" +
			"=cmd|' /C calc'!A0  –                            -1\n" +
			"a\ufffd[2J\ufffd\"<b>\ufffd,        –                             –\n",
		"csv": "recipient,first_open_at,opens\r\nada@example.com,2023-11-14T22:13:20.123Z,12345\r\n" +
			"'=cmd|' /C calc'!A0,,-1\r\n\"a\x1b[2J\u202e\"\"<b>\n,\",,\r\n",
		"json": `[` + "\n" + `{"recipient":"ada@example.com","first_open_at":"2023-11-14T22:13:20.123Z","opens":12345}` + "\n" +
			`,{"recipient":"=cmd|' /C calc'!A0","first_open_at":null,"opens":-1}` + "\n" +
			`,{"recipient":"a\u001b[2J\u202e\"<b>\n,","first_open_at":null,"opens":null}` + "\n]\n",
	} {
		if diff := cmp.Diff(want, written(t, format, rows...)); diff != "" {
			t.Errorf("%s: want (-), got (+):\n%s", format, diff)
		}
	}
	if got := written(t, "json"); got != "[]\n" {
		t.Errorf("no row is %q, want an empty list", got)
	}
	if got := written(t, "table"); got != "RECIPIENT  FIRST OPEN AT  OPENS\n" {
		t.Errorf("no row is %q, want a header", got)
	}
}

func TestManyRowsAreWholeInEachForm(t *testing.T) {
	const n = 3 * alignedRows
	var rows [][]string
	for i := range n {
		rows = append(rows, []string{strings.Repeat("x", i%90), "", strconv.Itoa(i)})
	}
	var list []map[string]any
	if err := json.Unmarshal([]byte(written(t, "json", rows...)), &list); err != nil || len(list) != n {
		t.Errorf("%d objects, %v; want %d", len(list), err, n)
	}
	for _, format := range []string{"table", "csv"} {
		if got := strings.Count(written(t, format, rows...), "\n"); got != n+1 {
			t.Errorf("%s: %d lines, want %d", format, got, n+1)
		}
	}
}

func TestWriteErrorsAreReturned(t *testing.T) {
	full := errors.New("disk full")
	r, w := io.Pipe()
	_ = r.CloseWithError(full)
	for _, format := range Formats {
		list := New(w, format, someColumns)
		var err error
		for i := 0; i < 100_000 && err == nil; i++ {
			err = list.Row([]string{"ada", "", "1"})
		}
		if err == nil {
			err = list.End()
		}
		if !errors.Is(err, full) {
			t.Errorf("%s: %v, want the writer's error", format, err)
		}
	}
}

func TestAKeptColumnTakesNoNameOfAnother(t *testing.T) {
	var names []string
	for _, c := range columns([]string{"city", "opens", "recipient"}, []Field{MessageID, Opens}) {
		names = append(names, c.Name)
	}
	if diff := cmp.Diff([]string{"recipient", "city", "kept_opens", "kept_recipient", "message_id", "opens"}, names); diff != "" {
		t.Error(diff)
	}
}

func TestAPseudonymousMessageIsPartedFromItsRecipient(t *testing.T) {
	of := func() *warehouse.ListedMessage {
		return &warehouse.ListedMessage{MessageID: [16]byte{1}, Recipient: "ada", Kept: []string{"Ada"}, Tracking: warehouse.Pseudonymous, Opens: 2, FirstOpenAt: 3, Measured: true, Reliable: true}
	}
	m := of()
	Part(m, warehouse.OpenersCertain)
	if m.Recipient != "" || m.Kept[0] != "" || m.Opens != 2 || messageID(m) == "" {
		t.Errorf("a list by opens has %+v", m)
	}
	m = of()
	Part(m, warehouse.AllMessages)
	if m.Recipient != "ada" || m.Opens != 0 || m.FirstOpenAt != 0 || messageID(m) != "" || m.State() != "not_measured" {
		t.Errorf("the list of all has %+v", m)
	}
}
