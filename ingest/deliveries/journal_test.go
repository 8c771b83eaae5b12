package deliveries

import (
	"context"
	"strings"
	"testing"
	"time"
)

// TestEntriesOfAJournalAreReadInEveryForm has one entry as journalctl prints it with
// each of its -o, except those that leave out the time.
func TestEntriesOfAJournalAreReadInEveryForm(t *testing.T) {
	programs := []struct{ name, message, want string }{
		{"postfix/smtp", "4B1C22: to=<ada@example.com>, relay=mx.example.com[192.0.2.1]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 OK)", "delivered"},
		{"postfix/smtp", "4B1C22: to=<ada@example.com>, relay=mx.example.com[192.0.2.1]:25, delay=1, delays=0/0/0/1, dsn=5.1.1, status=SOFTBOUNCE (550 5.1.1 unknown)", "deferred"},
		{"exim", "1vOabc-0000000abcd-1Xyz => ada@example.com R=dnslookup T=remote_smtp H=mx.example.com [192.0.2.1] C=\"250 OK\"", "delivered"},
	}
	var octets strings.Builder
	for i, c := range []byte(programs[0].message) {
		if i > 0 {
			octets.WriteByte(',')
		}
		octets.WriteString(" " + string([]byte{'0' + c/100, '0' + c/10%10, '0' + c%10}))
	}
	for _, p := range programs {
		line := "mx " + p.name + "[103]: " + p.message
		quoted := strings.ReplaceAll(p.message, `"`, `\"`)
		for form, text := range map[string]string{
			"short":             "Nov 24 10:00:01 " + line,
			"short-precise":     "Nov 24 10:00:01.250000 " + line,
			"short-iso":         "2026-11-24T10:00:01+00:00 " + line,
			"short-iso-precise": "2026-11-24T10:00:01.250000+00:00 " + line,
			"short-full":        "Tue 2026-11-24 10:00:01 UTC " + line,
			"short-unix":        "1795514401.250000 " + line,
			"json":              `{"__REALTIME_TIMESTAMP":"1795514401250000","_PID":"103","SYSLOG_IDENTIFIER":"` + p.name + `","MESSAGE":"` + quoted + `","_HOSTNAME":"mx"}`,
			"json, no pid":      `{"MESSAGE":"` + quoted + `","SYSLOG_IDENTIFIER":"` + p.name + `","__REALTIME_TIMESTAMP":"1795514401250000"}`,
		} {
			got, _ := readText(t, []byte(text+"\n"), Options{Campaign: "spring"})
			if !strings.HasPrefix(got, "1 "+p.want+" 2026-11-24T10:00:01.") || !strings.Contains(got, "recipient=ada@example.com") {
				t.Errorf("%s of %s: %q", form, p.name, got)
			}
		}
	}
	bytesOnly := `{"__REALTIME_TIMESTAMP":"1795514401250000","_PID":"103","SYSLOG_IDENTIFIER":"postfix/smtp","MESSAGE":[` + strings.ReplaceAll(octets.String(), " 0", " ") + `]}`
	if got, _ := readText(t, []byte(bytesOnly+"\n"), Options{Campaign: "spring"}); !strings.Contains(got, "recipient=ada@example.com") {
		t.Errorf("a message of bytes: %q", got)
	}
	for _, other := range []string{`{"__REALTIME_TIMESTAMP":"17","MESSAGE":"x"}`, `{"__REALTIME_TIMESTAMP":"1795514401250000","MESSAGE":null}`, `{"MESSAGE":`} {
		if got := journalLine(other); got != other && !strings.HasSuffix(got, ": ") {
			t.Errorf("%s is read as %q", other, got)
		}
	}
}

func TestLogsWithoutACampaignSaySo(t *testing.T) {
	const line = "Nov 24 10:00:01 mx postfix/smtp[103]: 4B1C22: to=<ada@example.com>, relay=mx, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)\n"
	o, err := Import(t.Context(), discard{}, strings.NewReader(line+line), Options{Format: Postfix, Now: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)}, nil)
	if err != nil || o.Unnamed != 2 || o.Others != 2 || o.Events() != 0 {
		t.Errorf("%+v, %v", o, err)
	}
}

// discard stores nothing.
type discard struct{}

func (discard) Add(_ context.Context, events []Event) ([]Fate, error) {
	return make([]Fate, len(events)), nil
}
