package warehouse

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCampaignName(t *testing.T) {
	for in, want := range map[string]string{
		"Spring Sale": "Spring Sale", " Spring  Sale ": "Spring Sale", "Spring\u00a0\t\nSale": "Spring Sale", "\u3000Sale": "Sale",
		"cafe\u0301": "café", "café": "café", "spring sale": "spring sale", "Sale ☀️": "Sale ☀️", "Ⅷ": "Ⅷ", "2026": "2026",
	} {
		got, err := CampaignName(in)
		if got != want || err != nil {
			t.Errorf("CampaignName(%q) = %q, %v; want %q", in, got, err, want)
		}
		if again, err := CampaignName(got); again != got || err != nil {
			t.Errorf("CampaignName(%q) = %q, %v", got, again, err)
		}
	}
	for in, want := range map[string]string{
		"": "is blank", " \u00a0\t": "is blank", "a\x1b[2J": "has control characters", "a\x00": "has control characters", "\xff": "is no UTF-8",
		"a\u200bb": "has an invisible character (U+200B)", "\u202ea": "has an invisible character (U+202E)", "a\u2028b": "", "a\u3164": "has an invisible character (U+3164)",
		"\u200b": "has an invisible character (U+200B)", strings.Repeat("ä", 101): "has more than 200 bytes",
	} {
		got, err := CampaignName(in)
		if want == "" { // a line separator is a blank
			if got != "a b" || err != nil {
				t.Errorf("CampaignName(%q) = %q, %v", in, got, err)
			}
			continue
		}
		if !errors.Is(err, ErrCampaignName) || err.Error() != want {
			t.Errorf("CampaignName(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
}

func TestNamesThatLookEqualAreOneCampaign(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	ids := map[string]uint64{}
	for _, name := range []string{"Spring Sale", "spring sale", "Spring Sale ", "Spring  Sale", "café", "cafe\u0301"} {
		c, err := w.EnsureCampaign(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		ids[name] = c.ID
		r, err := w.ReportOf(t.Context(), "\u00a0"+name)
		if err != nil || r.CampaignID != c.ID {
			t.Errorf("the report of %q is of %+v, %v", name, r, err)
		}
	}
	if ids["Spring Sale"] != ids["Spring Sale "] || ids["Spring Sale"] != ids["Spring  Sale"] || ids["café"] != ids["cafe\u0301"] || ids["Spring Sale"] == ids["spring sale"] {
		t.Errorf("campaigns %v", ids)
	}
	if _, err := w.EnsureCampaign(t.Context(), "  "); !errors.Is(err, ErrCampaignName) {
		t.Errorf("a blank name: %v", err)
	}
	if got := text(t, e, "SELECT count() FROM campaigns"); got != "3\n" {
		t.Errorf("%s campaigns, want 3", got)
	}
}

// TestAnOldNameIsFoundAsItIs has a campaign from before names were normalized.
func TestAnOldNameIsFoundAsItIs(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	old := NewCampaign("Spring  Sale ")
	if err := insert(t.Context(), w, "campaigns", campaignColumns, "old", []Campaign{old}); err != nil {
		t.Fatal(err)
	}
	c, err := w.EnsureCampaign(t.Context(), "Spring  Sale ")
	r, reportErr := w.ReportOf(t.Context(), "Spring  Sale ")
	if err := errors.Join(err, reportErr); err != nil || c.ID != old.ID || r.CampaignID != old.ID {
		t.Errorf("%d and %+v, %v; want %d", c.ID, r, err, old.ID)
	}
}

func TestNearCampaigns(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	for _, name := range []string{"Spring Sale", "spring sale", "Spring Sale 2026", "summer", "Winter", "frühling", "a", "b"} {
		if _, err := w.EnsureCampaign(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	for asked, want := range map[string][]NearCampaign{
		"SPRING SALE":       {{"Spring Sale", 0}, {"spring sale", 0}, {"Spring Sale 2026", 2}},
		" Spring  Sale ":    {{"spring sale", 0}, {"Spring Sale 2026", 2}},
		"Spirng Sale":       {{"Spring Sale", 2}, {"spring sale", 2}},
		"sumer":             {{"summer", 1}},
		"FRUHLING":          {{"frühling", 1}},
		"nothing like that": nil,
		"c":                 nil,
		"":                  nil,
		"\xff'; DROP":       nil,
	} {
		got, err := w.NearCampaigns(t.Context(), asked)
		if diff := cmp.Diff(want, got); err != nil || asked != "Spirng Sale" && diff != "" || asked == "Spirng Sale" && len(got) < 2 {
			t.Errorf("near %q: %v (-want +got):\n%s", asked, err, diff)
		}
	}
	if near, err := w.NearCampaigns(t.Context(), strings.Repeat("x", 1000)); near != nil || err != nil {
		t.Errorf("a name that none has: %v, %v", near, err)
	}
}

func TestDescribedCampaignKeepsWhatIsNotSaid(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	c, err := w.EnsureCampaign(t.Context(), "case")
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		subject, variant string
		tracking         Tracking
		want             string
	}{
		{"", "", Identified, "  identified"},
		{"Hello", "", Identified, "Hello  identified"},
		{"", "B", Off, "Hello B off"},
		{"Bye", "", Identified, "Bye B off"},
	} {
		if _, err := w.DescribeCampaign(t.Context(), c, step.subject, step.variant, step.tracking); err != nil {
			t.Fatal(err)
		}
		if c, err = w.CampaignNamed(t.Context(), "case"); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%s %s %s", c.Subject, c.Variant, c.Tracking); got != step.want {
			t.Errorf("described as %q, want %q", got, step.want)
		}
	}
	before := text(t, e, "SELECT count() FROM campaigns")
	if same, err := w.DescribeCampaign(t.Context(), c, "Bye", "", Identified); err != nil || same != c || text(t, e, "SELECT count() FROM campaigns") != before {
		t.Errorf("a description without a difference is written: %+v, %v", same, err)
	}
}

func TestParseTracking(t *testing.T) {
	for i, name := range strings.Split(TrackingModes, ", ") {
		got, err := ParseTracking(strings.ToUpper(name))
		if got != Tracking(i) || err != nil || got.String() != name {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if _, err := ParseTracking("some"); !errors.Is(err, ErrTracking) {
		t.Errorf("an unknown mode: %v", err)
	}
}
