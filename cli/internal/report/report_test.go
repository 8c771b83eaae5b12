package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"glint/cli/internal/output"
	"glint/ingest/warehouse"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// campaigns are reports whose forms are frozen.
var campaigns = map[string]*warehouse.Report{
	"spring": {
		Campaign: "spring", CampaignID: math.MaxUint64, Sends: 1_250_000, Delivered: 1_248_000, OpensTotal: 903_117, UniqueOpens: 700_001,
		BotFilteredUniqueOpens: 650_000, ReliableUniqueOpens: 300_000, MPPOnly: 340_000,
		MPPAdjustedOpenRate: new(300_000.0 / 908_000), OpenRateLow: new(0.24038461538461539), OpenRateHigh: new(0.5208333333333334),
		CILow: new(0.3294302), CIHigh: new(0.3313640),
		FirstOpenAt: new(time.Date(2026, 11, 20, 9, 0, 1, 5e6, time.UTC)), LastOpenAt: new(time.Date(2026, 11, 21, 23, 59, 59, 999e6, time.UTC)),
		UnregisteredOpensTotal: 3, UnregisteredUniqueOpens: 2,
		Tests: 1, Measured: 1_248_000, MeasuredShare: new(1.0), UnknownOnly: 10_000, ConfirmedUniqueOpens: 304_000, Bounced: 2000,
		Clicked: 40_000, ClickRate: new(40_000.0 / 1_248_000), Complained: 12, Unsubscribed: 300, Replied: 1,
		FirstReliableOpenAt: new(time.Date(2026, 11, 20, 9, 1, 0, 0, time.UTC)), LastReliableOpenAt: new(time.Date(2026, 11, 21, 22, 0, 0, 0, time.UTC)),
		BounceRate: new(2000.0 / 1_250_000), ClickToOpenRate: new(40_000.0 / 304_000), ComplaintRate: new(12.0 / 1_248_000), UnsubscribeRate: new(300.0 / 1_248_000),
		ReplyRate: new(1.0 / 1_248_000), RecoveredOpens: 7, LastSentAt: new(time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)), NoPolicy: true, Behind: 25 * time.Second,
		Unplaced: 5000, SendsWithTime: 1_249_999, ComputedAt: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC),
		Estimates: []warehouse.Estimate{
			{Name: "hubspot", Rate: new(300_000.0 / 908_000), Low: new(0.3294302), High: new(0.3313640), N: 908_000, Assumption: "all open alike"},
			{Name: "clicks", N: 4, Assumption: "clicks are enough"},
			{Name: "bounds", Low: new(304_000.0 / 1_248_000), High: new(0.5240384615384616), N: 1_248_000, Assumption: "every verdict is right"},
			{Name: "overall", Rate: new(0.402), Low: new(0.3391), High: new(0.4718), N: 210_000, Assumption: "visible recipients open as often as all"},
		},
		Weaknesses: []string{"few_visible", "none_visible", "no_clicks", "no_history"}, BadTokens: 2,
		Classes: []warehouse.ClassCount{
			{Class: "human_direct", OpensTotal: 500_000, UniqueOpens: 200_000},
			{Class: "machine_prefetch", OpensTotal: 403_116, UniqueOpens: 380_000},
			{Class: "of_a_later_version", OpensTotal: 1, UniqueOpens: 1},
		},
	},
	"silent":  {Campaign: "silent", CampaignID: 1},
	"hostile": {Campaign: "a\x1b[2Jb<i>&\u202e\n", CampaignID: 2, Sends: 1, Delivered: 1, MPPAdjustedOpenRate: new(0.0), OpenRateLow: new(0.0), OpenRateHigh: new(0.0), CILow: new(0.0), CIHigh: new(0.7934506856227626)},
}

// forms are the renderers, by the ending of their golden files.
var forms = map[string]func(io.Writer, *Data) error{
	"txt": func(w io.Writer, d *Data) error { return WriteTable(w, Of(d), output.Style{Width: 80}) },
	"wide": func(w io.Writer, d *Data) error {
		return WriteTable(w, Of(d), output.Style{Width: 200, Fit: true, Bold: true})
	},
	"ascii": func(w io.Writer, d *Data) error {
		return WriteTable(w, Of(d), output.Style{Width: 80, Fit: true, ASCII: true})
	},
	"json": func(w io.Writer, d *Data) error { return WriteJSON(w, d.Numbers) },
	"csv":  func(w io.Writer, d *Data) error { return WriteCSV(w, Of(d)) },
	"md":   func(w io.Writer, d *Data) error { return WriteMarkdown(w, Of(d)) },
	"html": func(w io.Writer, d *Data) error { return WriteHTML(w, Of(d)) },
}

func TestReports(t *testing.T) {
	for name, d := range data() {
		for ending, write := range forms {
			t.Run(name+"."+ending, func(t *testing.T) {
				var b, again bytes.Buffer
				if err := errors.Join(write(&b, d), write(&again, data()[name])); err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(b.Bytes(), again.Bytes()) {
					t.Error("the same numbers gave another report")
				}
				if ending == "html" { // the browser's test looks at it
					if b.Len() > 100_000 {
						t.Errorf("the page has %d bytes", b.Len())
					}
					return
				}
				golden := "testdata/" + name + "." + ending
				if *update {
					if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(golden)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), b.String()); diff != "" {
					t.Errorf("%s (-want +got):\n%s", golden, diff)
				}
			})
		}
	}
}

// TestTextFitsItsTerminal holds each line of each report against its width.
func TestTextFitsItsTerminal(t *testing.T) {
	for name, d := range data() {
		for _, width := range []int{60, 80, 132, 200} {
			var b bytes.Buffer
			if err := WriteTable(&b, Of(d), output.Style{Width: width, Fit: true}); err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(b.String()) {
				if got := output.Width(strings.TrimSuffix(line, "\n")); got > width {
					t.Errorf("%s at %d columns: a line takes %d: %s", name, width, got, line)
				}
			}
		}
	}
}

func TestTextHasNoControlCharacters(t *testing.T) {
	for ending, write := range forms {
		var b bytes.Buffer
		if err := write(&b, data()["hostile"]); err != nil {
			t.Fatal(err)
		}
		text := b.String()
		if ending == "wide" { // has bold of its own
			text = strings.NewReplacer("\x1b[1m", "", "\x1b[0m", "").Replace(text)
		}
		if strings.ContainsAny(text, "\x1b\u202e\r") {
			t.Errorf("%s: the name is not made safe: %q", ending, text)
		}
	}
}

func TestASCIIIsASCII(t *testing.T) {
	for name, d := range data() {
		var b bytes.Buffer
		if err := WriteTable(&b, Of(d), output.Style{Width: 80, ASCII: true}); err != nil {
			t.Fatal(err)
		}
		if i := strings.IndexFunc(b.String(), func(r rune) bool { return r >= 0x80 }); i >= 0 {
			t.Errorf("%s has a character beyond ASCII at %q", name, b.String()[i:])
		}
	}
}

func TestWriteErrorIsReturned(t *testing.T) {
	full := errors.New("disk full")
	r, w := io.Pipe()
	_ = r.CloseWithError(full)
	for ending, write := range forms {
		if err := write(w, data()["spring"]); !errors.Is(err, full) {
			t.Errorf("%s: %v, want the writer's error", ending, err)
		}
	}
}

// TestContractHasTheFieldsOfTheCode holds cli/JSON.md against the document.
func TestContractHasTheFieldsOfTheCode(t *testing.T) {
	text, err := os.ReadFile("../../JSON.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "## `glint report")
	section, _, _ = strings.Cut(section, "\n## ")
	var written []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_.\\[\\]]+)`").FindAllStringSubmatch(section, -1) {
		written = append(written, m[1])
	}
	if diff := cmp.Diff(fields(reflect.TypeFor[document](), ""), written); diff != "" {
		t.Errorf("fields of cli/JSON.md (-code +contract):\n%s", diff)
	}
	var out map[string]any
	var b bytes.Buffer
	if err := errors.Join(WriteJSON(&b, campaigns["spring"]), json.Unmarshal(b.Bytes(), &out)); err != nil {
		t.Fatal(err)
	}
	if out["campaign_id"] != "18446744073709551615" {
		t.Errorf("campaign_id is %v, want all of its 64 bits as a string", out["campaign_id"])
	}
}

// fields returns the JSON names of a struct in their order.
func fields(s reflect.Type, prefix string) (names []string) {
	for i := range s.NumField() {
		f := s.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		names = append(names, prefix+name)
		if f.Type.Kind() == reflect.Slice {
			names = append(names, fields(f.Type.Elem(), prefix+name+"[].")...)
		}
	}
	return names
}

// TestNoShareExceedsItsBase: a gateway fetches the images of messages that it then
// refuses, and a share of messages is never more than all of them.
func TestNoShareExceedsItsBase(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	below := func(n uint64) uint64 { return random.Uint64N(n + 1) }
	for range 1000 {
		r := &warehouse.Report{Sends: 1 + below(100)}
		r.Delivered = below(r.Sends)
		r.Bounced = r.Sends - r.Delivered
		r.Measured = below(r.Delivered)
		r.BotFilteredUniqueOpens = below(r.Measured)
		r.ReliableUniqueOpens = below(r.BotFilteredUniqueOpens)
		r.MPPOnly = below(r.BotFilteredUniqueOpens - r.ReliableUniqueOpens)
		r.UnknownOnly = r.BotFilteredUniqueOpens - r.ReliableUniqueOpens - r.MPPOnly
		r.ConfirmedUniqueOpens = r.ReliableUniqueOpens + below(r.Measured-r.ReliableUniqueOpens)
		r.UniqueOpens = r.BotFilteredUniqueOpens + below(r.Sends-r.BotFilteredUniqueOpens)
		for _, row := range messages(r).Table.Rows {
			if raw := row[2].Raw; raw != "" {
				if p, err := strconv.ParseFloat(raw, 64); err != nil || p > 1 {
					t.Fatalf("%s: share %s of %s in %+v", row[0].Text, raw, row[3].Text, r)
				}
			}
		}
	}
}

// TestLeadAndTableAgreeOnWhatToQuote: the table named a rate to quote of which the lead
// said that there are too few messages for it.
func TestLeadAndTableAgreeOnWhatToQuote(t *testing.T) {
	for _, c := range []struct {
		measured, opens, confirmed uint64
		lead, table                string
	}{
		{1000, 500, 400, "opened it", "the one to quote"},
		{7, 7, 3, "too few messages", "not to be quoted: too few messages"},
		{1000, 0, 0, "No pixel", "not to be quoted yet: no pixel was fetched"},
		{1000, 0, 5, "opened it", "the one to quote"},
	} {
		r := &warehouse.Report{Sends: c.measured, Delivered: c.measured, Measured: c.measured, OpensTotal: c.opens, ConfirmedUniqueOpens: c.confirmed}
		r.Estimates = []warehouse.Estimate{{Name: "overall", Rate: new(0.5), Low: new(0.4), High: new(0.6), N: c.measured}}
		if got := lead(r); !strings.Contains(got, c.lead) {
			t.Errorf("%+v: lead %q", c, got)
		}
		if row := result(r).Table.Rows[0]; row[5].Text != c.table {
			t.Errorf("%+v: table %q", c, row[5].Text)
		}
	}
}

func TestNumbersAreNotSeparatedFromTheirPercentSign(t *testing.T) {
	for text, want := range map[string]string{
		"certain 48.8 %.": "certain 48.8\u00a0%.", "58.6 % … 80.3 %": "58.6\u00a0% … 80.3\u00a0%", "100 %": "100\u00a0%", "in %": "in %", "": "",
	} {
		if got := unbroken(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
