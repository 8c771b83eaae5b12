package deliveries

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/unicode"
)

// TestEventsAsOtherProgramsWriteThem has texts of programs that are no format of
// their own, or that deviate from the documentation of theirs.
func TestEventsAsOtherProgramsWriteThem(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	const id, other = "11111111-1111-8111-8111-111111111111", "883953f4-6105-42a2-a16a-77a8eac79483"
	for _, c := range []struct {
		name, text string
		format     Format
		want       []string
	}{
		{
			"an export with the provider's own message_id", "processed,message_id,event,email\n2026-11-20T10:00:00Z,abcDEF.filter001.recv,delivered,ada@example.com\n2026-11-20T10:00:00Z," + other + ",delivered,ada@example.com\n" +
				"2026-11-20T10:00:00Z," + id + ",delivered,ada@example.com\n2026-11-20T10:00:00Z,abc,delivered,\n",
			CSV,
			[]string{
				"2 delivered 2026-11-20T10:00:00.000Z campaign=c recipient=ada@example.com", "3 delivered 2026-11-20T10:00:00.000Z campaign=c recipient=ada@example.com",
				"4 delivered 2026-11-20T10:00:00.000Z message=11111111", "5 fault: message_id is not a UUID",
			},
		},
		{
			"an overview of messages", "from,to,subject,status,last_event_time\nx@example.com,ada@example.com,Hi,delivered,2026-11-20T10:00:00Z\nx@example.com,bob@example.com,Hi,not_delivered,2026-11-20T10:00:00Z\n",
			CSV,
			[]string{"2 delivered 2026-11-20T10:00:00.000Z campaign=c recipient=ada@example.com", "3 bounced 2026-11-20T10:00:00.000Z campaign=c recipient=bob@example.com bounce=undetermined"},
		},
		{
			"a title, and days before months", "Newsletter, all events\n\nst_text;ts;email\nDelivered;20-11-2026 11:00:00;ada@example.com\nFirst opening;20-11-2026 11:00:00;ada@example.com\nInvalid email;20/11/2026 11:00;bob@example.com\n",
			CSV,
			[]string{"4 delivered 2026-11-20T10:00:00.000Z campaign=c recipient=ada@example.com", "5 left out: open", "6 bounced 2026-11-20T10:00:00.000Z campaign=c recipient=bob@example.com bounce=permanent"},
		},
		{
			"formulas", "event,at,message_id\n=\"sent\",=\"2026-11-20T10:00:00Z\",=\"" + id + "\"\n",
			CSV,
			[]string{"2 sent 2026-11-20T10:00:00.000Z message=11111111"},
		},
		{
			"a webhook of another provider", `{"event":"request","email":"ada@example.com","id":1,"date":"2026-11-20 11:00:00","message-id":"<2@relay>","ts_event":1795168800}` + "\n" + `{"event":"unique_proxy_open","email":"ada@example.com","ts":1795168800}`,
			JSONL,
			[]string{"1 sent 2026-11-20T10:00:00.000Z campaign=c recipient=ada@example.com", "2 left out: open"},
		},
		{
			"variables as a text", `{"signature":{},"event-data":{"event":"delivered","timestamp":1795168800.5,"recipient":"ada@example.com","user-variables":"{\"glint_message_id\":\"` + id + `\"}"}}`,
			Mailgun,
			[]string{"1 delivered 2026-11-20T10:00:00.500Z message=11111111"},
		},
		{
			"messages of a queue", `{"Messages":[{"MessageId":"1","ReceiptHandle":"x","Body":"{\"Type\":\"Notification\",\"TopicArn\":\"a\",\"Message\":\"{\\\"eventType\\\":\\\"Send\\\",\\\"mail\\\":{\\\"timestamp\\\":\\\"2026-11-20T10:00:00Z\\\",\\\"destination\\\":[\\\"ada@example.com\\\"]},\\\"send\\\":{}}\"}"}]}`,
			SES,
			[]string{"1 sent 2026-11-20T10:00:00.000Z campaign=c recipient=ada@example.com"},
		},
		{
			"a journal", "Fri 2026-11-20 11:00:01 CET mx postfix/smtp[1]: 4Fx1Yz0abcz2: to=<ada@example.com>, relay=mx, dsn=2.0.0, status=sent (250)\nFri 2026-11-20 10:00:01.5 UTC mx postfix/smtp[1]: 4Fx1Yz0abcz2: to=<bob@example.com>, relay=mx, dsn=2.0.0, status=sent (250)\n1795168801.25 mx postfix/smtp[1]: 4Fx1Yz0abcz2: to=<cy@example.com>, orig_to=<cyrus>, relay=mx, dsn=2.0.0, status=sent (250)\n",
			Postfix,
			[]string{
				"1 delivered 2026-11-20T10:00:01.000Z campaign=c recipient=ada@example.com", "2 delivered 2026-11-20T10:00:01.500Z campaign=c recipient=bob@example.com",
				"3 delivered 2026-11-20T10:00:01.250Z campaign=c recipient=cy@example.com",
			},
		},
		{
			"a host's address that looks like a status", "2026-11-20 10:00:02 +0000 1qXyZb-0001Ab-2C ** bob@example.com R=dnslookup T=remote_smtp H=mx [1.2.3.4] X=TLS1.2.3: SMTP error: 550 5.1.1 unknown\n2026-11-20 10:00:03 +0000 1qXyZc-0001Ab-2C ** cy@example.com R=x T=y H=mx [4.5.5.5]: 550 no\n",
			Exim,
			[]string{"1 bounced 2026-11-20T10:00:02.000Z campaign=c recipient=bob@example.com bounce=permanent status=5.1.1", "2 bounced 2026-11-20T10:00:03.000Z campaign=c recipient=cy@example.com bounce=permanent status=550"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, format := readText(t, []byte(c.text), Options{Campaign: "c", Zone: paris})
			if want := strings.Join(c.want, "\n") + "\n"; got != want || format != c.format {
				t.Errorf("as %s:\n%swant as %s:\n%s", format, got, c.format, want)
			}
		})
	}
}

// Each sample gives the same events in UTF-16, in which Windows programs save text.
func TestSamplesInUTF16(t *testing.T) {
	for name, format := range samples {
		sample, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		o := Options{}
		if told[name] {
			o.Format = format
		}
		want, _ := readText(t, sample, o)
		for _, endian := range []unicode.Endianness{unicode.LittleEndian, unicode.BigEndian} {
			for _, mark := range []unicode.BOMPolicy{unicode.UseBOM, unicode.IgnoreBOM} {
				wide, err := unicode.UTF16(endian, mark).NewEncoder().Bytes(sample)
				if err != nil {
					t.Fatal(err)
				}
				if got, f := readText(t, wide, o); got != want || f != format {
					t.Errorf("%s, endian %v, mark %v: %s\n%s, want\n%s", name, endian, mark, f, got, want)
				}
			}
		}
	}
}
