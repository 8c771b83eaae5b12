package deliveries

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"glint/ingest/warehouse/enginetest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestMain(m *testing.M) { os.Exit(enginetest.Main(m)) }

// now is when the samples are read.
var now = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// samples are texts of each source, in the form of its documentation.
var samples = map[string]Format{
	"table.csv": CSV, "lines.jsonl": JSONL, "ses.json": SES, "sendgrid.json": SendGrid, "postmark.json": Postmark,
	"mailgun.json": Mailgun, "mailgun.form": Mailgun, "sparkpost.json": SparkPost, "listmonk.json": Listmonk, "listmonk.csv": Listmonk,
	"postfix.log": Postfix, "exim.log": Exim,
}

// told are the files whose format has to be given, since they look like any table.
var told = map[string]bool{"listmonk.csv": true}

func readSample(t *testing.T, name string, o Options) (text string, f Format) {
	t.Helper()
	sample, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return readText(t, sample, o)
}

func readText(t *testing.T, sample []byte, o Options) (text string, f Format) {
	t.Helper()
	var b strings.Builder
	o.Now = now
	f, err := Read(bytes.NewReader(sample), o, func(r *Record) error { b.WriteString(show(r)); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return b.String(), f
}

var kinds = []string{"", "sent", "delivered", "deferred", "bounced", "complained", "clicked", "unsubscribed", "replied", "converted"}

// show writes a record in a line.
func show(r *Record) string {
	switch {
	case r.Fault != "":
		return fmt.Sprintf("%d fault: %s\n", r.Line, r.Fault)
	case r.Left != "":
		return fmt.Sprintf("%d left out: %s\n", r.Line, r.Left)
	}
	text := fmt.Sprintf("%d %s %s", r.Line, kinds[r.Kind], r.At.Format("2006-01-02T15:04:05.000Z07:00"))
	if r.Message != none {
		text += " message=" + r.Message.String()[:8]
	}
	for _, f := range []struct{ name, value string }{
		{"campaign", r.Campaign},
		{"recipient", r.Recipient},
		{"bounce", r.BounceType},
		{"status", r.Status},
		{"url", r.URL},
		{"ip", r.IP},
		{"agent", r.UserAgent},
	} {
		if f.value != "" {
			text += " " + f.name + "=" + f.value
		}
	}
	if r.Automatic {
		text += " automatic"
	}
	return text + "\n"
}

func TestSamplesOfEverySource(t *testing.T) {
	for name, format := range samples {
		t.Run(name, func(t *testing.T) {
			o := Options{Format: format}
			if !told[name] {
				o.Format = Auto
			}
			got, found := readSample(t, name, o)
			if found != format {
				t.Errorf("guessed %q, want %q", found, format)
			}
			golden := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestABrokenLineCostsOnlyItself cuts each line of objects at every place.
func TestABrokenLineCostsOnlyItself(t *testing.T) {
	const whole = `{"event":"sent","at":"2026-11-20T10:00:00Z","message_id":"11111111-1111-8111-8111-111111111111","x":{"y":[1,{"z":"}"}]}}`
	for cut := 1; cut < len(whole); cut++ {
		got, _ := readText(t, []byte(whole+"\n"+whole[:cut]+"\n"+whole+"\n"+whole), Options{Format: JSONL})
		if n := strings.Count(got, " sent "); n != 3 || strings.Count(got, "2 fault") != 1 {
			t.Fatalf("cut at %d: %s", cut, got)
		}
	}
}

func TestObjectsAreFoundHoweverTheyAreWrapped(t *testing.T) {
	const one = `{"event":"sent","at":"2026-11-20T10:00:00Z","message_id":"11111111-1111-8111-8111-111111111111"}`
	for _, text := range []string{
		"\ufeff" + one + "\r\n" + one, "[" + one + "," + one + "]", "[" + one + "]\n[" + one + "]", one + one, "[\n " + one + ",\n " + one + "\n]\n",
		"[[" + one + "],[" + one + "]]", strings.ReplaceAll(one, ",", ",\n") + "\n\n" + strings.ReplaceAll(one, ":\"", ": \""),
	} {
		got, format := readText(t, []byte(text), Options{})
		if strings.Count(got, " sent ") != 2 || strings.Contains(got, "fault") || format != JSONL {
			t.Errorf("%q: %s %s", text, format, got)
		}
	}
}

// TestFaultsRepeatNothing searches faults for the text of their cells.
func TestFaultsRepeatNothing(t *testing.T) {
	const secret = "Zsecret"
	for _, text := range []string{
		"event,at,campaign,recipient\n" + secret + ",2026-11-20T10:00:00Z,spring,ada@example.com\n",
		"event,at,campaign,recipient\nsent," + secret + ",spring,ada@example.com\n",
		"event,at,campaign,recipient\nsent,2026-11-20T10:00:00Z,spring," + secret + "\u200bx@example.com\n",
		"event,at,campaign,recipient\nsent,2026-11-20T10:00:00Z," + secret + "\x01,ada@example.com\n",
		"event,at,message_id\nsent,2026-11-20T10:00:00Z," + secret + "\n",
		"event,at,message_id\nsent,2026-11-20T10:00:00Z,a," + secret + "\n",
	} {
		got, _ := readText(t, []byte(text), Options{})
		if !strings.Contains(got, "2 fault: ") || strings.Contains(strings.ToLower(got), strings.ToLower(secret)) {
			t.Errorf("%q: %s", text, got)
		}
	}
}

func TestATextInNoFormatIsAnError(t *testing.T) {
	for text, want := range map[string]error{
		"": ErrEmpty, " \n\t\n": ErrEmpty, "hello": ErrFormat, "{}": ErrFormat, "\x00\x01": ErrFormat, "[1,2,3]": ErrFormat,
	} {
		_, err := Read(strings.NewReader(text), Options{Now: now}, func(*Record) error { return nil })
		if !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", text, err, want)
		}
	}
	if _, err := Read(strings.NewReader("a,b\n1,2\n"), Options{Format: CSV, Now: now}, func(*Record) error { return nil }); !errors.Is(err, ErrColumns) {
		t.Errorf("%v, want ErrColumns", err)
	}
	broken := errors.New("broken")
	if _, err := Read(iotest.ErrReader(broken), Options{Now: now}, func(*Record) error { return nil }); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

func TestTheYearOfALogLineIsTheLastOneThatFits(t *testing.T) {
	const line = " mail postfix/smtp[1]: 4Fq1aa2bbz: to=<a@example.com>, relay=none, dsn=2.0.0, status=sent (250)\n"
	for _, test := range []struct{ stamp, now, want string }{
		{"Nov 20 10:00:00", "2026-11-25T00:00:00Z", "2026-11-20T10:00:00Z"},
		{"Dec 31 23:59:59", "2027-01-01T00:00:05Z", "2026-12-31T23:59:59Z"},
		{"Jan  1 00:00:30", "2026-12-31T23:59:50Z", "2027-01-01T00:00:30Z"}, // another clock, or another zone
		{"Nov 27 10:00:00", "2026-11-25T00:00:00Z", "2025-11-27T10:00:00Z"},
		{"Feb 29 10:00:00", "2027-03-01T00:00:00Z", "2024-02-29T10:00:00Z"},
	} {
		at, err := time.Parse(time.RFC3339, test.now)
		if err != nil {
			t.Fatal(err)
		}
		o := Options{Campaign: "spring", Now: at.AddDate(3, 0, 0), WrittenAt: at}
		_, err = Read(strings.NewReader(test.stamp+line), o, func(r *Record) error {
			if got := r.At.Format(time.RFC3339); got != test.want {
				t.Errorf("%s at %s: %s, want %s", test.stamp, test.now, got, test.want)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// FuzzRead reads anything, in every format.
func FuzzRead(f *testing.F) {
	for name, format := range samples {
		sample, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		for i, known := range Formats {
			if known == format {
				f.Add(sample, uint8(i))
			}
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, format uint8) {
		o := Options{Now: now, Campaign: "spring"}
		if int(format) < len(Formats) {
			o.Format = Formats[format]
		}
		lines := bytes.Count(text, []byte{'\n'}) + bytes.Count(text, []byte{'\r'}) + 1
		_, _ = Read(bytes.NewReader(text), o, func(r *Record) error {
			switch {
			case r.Line < 1 || r.Line > lines+1:
				t.Errorf("line %d of %d", r.Line, lines)
			case r.Fault == "" && r.Left == "" && (r.Kind < 1 || r.Kind > 9 || r.At.IsZero() || r.Message == none && (r.Campaign == "" || r.Recipient == "")):
				t.Errorf("an event without its parts: %+v", r.Event)
			}
			return nil
		})
	})
}
