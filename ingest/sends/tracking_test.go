package sends

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/google/uuid"

	"glint/edge/token"
	"glint/ingest/warehouse"
)

// The effective mode is the least of the campaign's ceiling, the row, and the choice
// or, without one, the policy; an unknown recipient is never above aggregate where a
// choice is required.
func TestSeparateConsentBeforeThePixel(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	policies := []Policy{PolicyUnset, PolicyNone, PolicyRequired}
	fates := []warehouse.Fate{warehouse.FateKeep, warehouse.FateCount, warehouse.FateAnonymous, warehouse.FateDrop}
	seen := map[warehouse.Tracking]int{}
	for range 1_000_000 {
		ceiling, row := warehouse.Tracking(r.IntN(5)), warehouse.Tracking(r.IntN(5))
		choice := warehouse.Choice(r.IntN(4))
		c := Consent{Policy: policies[r.IntN(3)], No: fates[r.IntN(4)]}
		got := c.Effective(ceiling, row, choice)
		seen[got]++
		limits := []warehouse.Tracking{ceiling, row}
		switch {
		case choice == warehouse.Refused || choice == warehouse.Withdrawn:
			limits = append(limits, warehouse.Aggregate)
			if c.No == warehouse.FateDrop {
				limits = append(limits, warehouse.Off)
			}
		case choice == warehouse.Undecided && c.Policy == PolicyRequired:
			limits = append(limits, warehouse.Aggregate)
		}
		want := warehouse.Identified
		for _, l := range limits {
			if l > want {
				want = l
			}
		}
		if got != want {
			t.Fatalf("ceiling %v, row %v, choice %v, %+v: %v, want %v", ceiling, row, choice, c, got, want)
		}
	}
	if len(seen) != 5 {
		t.Errorf("only %v came out", seen)
	}
}

// consentBatch reads a file and decides by the rule.
func consentBatch(tb testing.TB, file string, c *Consent, ceiling warehouse.Tracking, strata Strata) *Batch {
	tb.Helper()
	recipients, err := ReadRecipients(strings.NewReader(file), ReadOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	ring, err := token.NewRing(token.Key{ID: 1, Secret: [token.SecretLen]byte{1}})
	if err != nil {
		tb.Fatal(err)
	}
	b := &Batch{
		Recipients: recipients, BaseURL: "https://pixel.example.com", Style: StyleToken, Ring: ring, Strata: strata,
		Campaign: warehouse.Campaign{ID: 9, Tracking: ceiling, IDKey: [32]byte{7}, CreatedAt: time.Unix(1_700_000_000, 0)},
	}
	if err := errors.Join(b.Decide(c), b.Derive()); err != nil {
		tb.Fatal(err)
	}
	return b
}

func recipientsFile(n int) string {
	var b strings.Builder
	b.WriteString("recipient,branch\n")
	for i := range n {
		fmt.Fprintf(&b, "r%d@%s,%d\n", i, []string{"gmail.com", "outlook.de", "example.com"}[i%3], i%7)
	}
	return b.String()
}

func TestOffMeansNoRequest(t *testing.T) {
	const mails = 1000
	mail := template.Must(template.New("").Parse(`<p>Hello</p>{{with .pixel_url}}<img src="{{.}}" width="1">{{end}}`))
	for name, b := range map[string]*Batch{
		"the campaign's": consentBatch(t, recipientsFile(mails), &Consent{}, warehouse.Off, Strata{}),
		"the rows'":      consentBatch(t, offFile(mails), &Consent{}, warehouse.Identified, Strata{}),
	} {
		var all strings.Builder
		for i := range b.Recipients.Rows {
			if err := mail.Execute(&all, map[string]string{"pixel_url": b.URL(i)}); err != nil {
				t.Fatal(err)
			}
		}
		if text := all.String(); strings.Contains(text, "http") || strings.Contains(text, "<img") || strings.Count(text, "Hello") != mails {
			t.Errorf("%s: there is a URL in a mail", name)
		}
	}
}

func offFile(n int) string {
	var b strings.Builder
	b.WriteString("recipient,tracking\n")
	for i := range n {
		fmt.Fprintf(&b, "r%d@example.com,off\n", i)
	}
	return b.String()
}

func TestAggregatedMeasurementSharesTheURL(t *testing.T) {
	for _, c := range []struct {
		strata Strata
		want   int
	}{{Strata{}, 1}, {Strata{By: StrataProvider}, 3}, {Strata{By: "branch", Column: 1}, 7}} {
		b := consentBatch(t, recipientsFile(1000), &Consent{Policy: PolicyRequired}, warehouse.Identified, c.strata)
		again := consentBatch(t, recipientsFile(1000), &Consent{Policy: PolicyRequired}, warehouse.Identified, c.strata)
		urls := map[string]string{} // stratum by URL
		for i := range b.Recipients.Rows {
			s := b.send(i)
			if s.Tracking != warehouse.Aggregate || s.Stratum == "" || b.URL(i) != again.URL(i) {
				t.Fatalf("row %d: %+v", i, s)
			}
			if known, ok := urls[b.URL(i)]; ok && known != s.Stratum {
				t.Errorf("%s and %s share a URL", known, s.Stratum)
			}
			urls[b.URL(i)] = s.Stratum
			text := strings.TrimSuffix(strings.TrimPrefix(b.URL(i), "https://pixel.example.com/o/"), ".gif")
			tok, err := b.Ring.Open(text)
			if err != nil || tok.Mode != token.Aggregate || tok.Message == token.MessageID(b.MessageID(i)) {
				t.Fatalf("row %d: %+v, %v", i, tok, err)
			}
		}
		if len(urls) != c.want || len(b.strataList()) != c.want {
			t.Errorf("strata %+v: %d URLs, want %d", c.strata, len(urls), c.want)
		}
	}
}

func TestChoicesDecideByRecipient(t *testing.T) {
	key := func(recipient string) warehouse.RecipientKey { return warehouse.RecipientKey{recipient[0]} }
	decided := func(c warehouse.Choice) warehouse.Decision { return warehouse.Decision{Choice: c} }
	c := &Consent{Policy: PolicyRequired, KeyOf: key, Choices: map[warehouse.RecipientKey]warehouse.Decision{
		{'a'}: decided(warehouse.Agreed), {'b'}: decided(warehouse.Refused), {'c'}: decided(warehouse.Withdrawn),
	}}
	b := consentBatch(t, "recipient\na@x.de\nb@x.de\nc@x.de\nd@x.de\n", c, warehouse.Identified, Strata{})
	var got []string
	for i := range b.Recipients.Rows {
		got = append(got, b.Tracking(i).String())
	}
	if text := strings.Join(got, " "); text != "identified aggregate aggregate aggregate" {
		t.Error(text)
	}
}

func TestModesNeedATokenInTheURL(t *testing.T) {
	b := consentBatch(t, "recipient\na@x.de\n", &Consent{}, warehouse.Identified, Strata{})
	b.Style = StyleUUID
	if err := b.Decide(&Consent{Policy: PolicyRequired}); !errors.Is(err, ErrStyle) {
		t.Errorf("%v", err)
	}
	if err := b.Decide(&Consent{Policy: PolicyNone}); err != nil || b.NeedsModes() {
		t.Errorf("%v", err)
	}
}

// Without choices and policy, URLs are the same as before modes existed.
func TestIdentifiedURLsStayAsTheyWere(t *testing.T) {
	b := consentBatch(t, "recipient\nann@example.com\nbob@example.com\n", &Consent{}, warehouse.Identified, Strata{})
	for i := range b.Recipients.Rows {
		plain, err := b.Ring.Sign(token.Token{Campaign: 9, Message: token.MessageID(b.MessageID(i)), IssuedAt: 1_700_000_000})
		if err != nil || b.URL(i) != "https://pixel.example.com/o/"+plain+".gif" || !strings.HasPrefix(plain, "EAEAAAAAAAAAC") {
			t.Errorf("%s, %v", b.URL(i), err)
		}
	}
}

func TestProvidersOfDomains(t *testing.T) {
	for recipient, want := range map[string]string{
		"a@gmail.com": "gmail", "a@googlemail.com": "gmail", "a@hotmail.co.uk": "microsoft", "a@live.fr": "microsoft", "a@yahoo.it": "yahoo",
		"a@icloud.com": "apple", "a@notgmail.com": "other", "a@example.com": "other", "id-7": "unknown",
	} {
		if got := Provider(recipient); got != want {
			t.Errorf("%s: %s, want %s", recipient, got, want)
		}
	}
}

// A batch derives its ids once for each key, and its strata each time.
func TestIdsAreDerivedOnceForEachKey(t *testing.T) {
	b := &Batch{
		Recipients: &Recipients{Rows: []Row{{Recipient: "ada@example.com"}, {Recipient: "bob@example.com"}}},
		BaseURL:    "https://pixel.example.com", Style: StyleUUID, Campaign: warehouse.Campaign{ID: 7, IDKey: [32]byte{1}},
	}
	derive := func() []uuid.UUID {
		t.Helper()
		if err := b.Derive(); err != nil {
			t.Fatal(err)
		}
		return b.messages
	}
	first := derive()
	if again := derive(); &again[0] != &first[0] {
		t.Error("the same ids were derived again")
	}
	b.Campaign.IDKey = [32]byte{2}
	if other := derive(); other[0] == first[0] || len(other) != 2 {
		t.Errorf("another key: %v, %v", first, other)
	}
	b.Campaign.Tracking = warehouse.Aggregate
	b.Style, b.Ring = StyleToken, ring(t)
	if derive(); len(b.strata) == 0 {
		t.Error("no stratum is found")
	}
	if most := b.MostTracked(); most != warehouse.Aggregate {
		t.Errorf("the most is %s", most)
	}
}
