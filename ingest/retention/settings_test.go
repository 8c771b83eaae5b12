package retention

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"
)

func TestPeriodsAreReadAsTheyAreWritten(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"forever": 0, "1s": time.Second, "90m": 90 * time.Minute, "36h": 36 * time.Hour, "90d": 90 * day, "13mo": 390 * day, "2y": 730 * day,
	} {
		p, err := ParsePeriod(text)
		if err != nil || time.Duration(p) != want {
			t.Errorf("%s: %v, %v", text, time.Duration(p), err)
		}
	}
	for _, text := range []string{"", "0", "0d", "-1d", "1", "d", "1.5d", "1 d", "1w", "soon", "Forever", "99999999999999999999y", "4294967295y", "13mo "} {
		if p, err := ParsePeriod(text); err == nil {
			t.Errorf("%q is read as %s", text, p)
		}
	}
	for range 10_000 {
		p := Period(time.Duration(rand.Int64N(int64(400*day/time.Second))) * time.Second)
		got, err := ParsePeriod(p.String())
		if err != nil || got != p {
			t.Fatalf("%s: %s, %v", p, got, err)
		}
	}
}

func TestSettingsSurviveTheirFile(t *testing.T) {
	want := Default()
	want.Facts, want.Web = 0, Period(36*time.Hour)
	b, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got Settings
	if err := json.Unmarshal(b, &got); err != nil || got != want {
		t.Errorf("%s: %+v, %v", b, got, err)
	}
	kept := Default()
	if err := json.Unmarshal([]byte(`{"facts":"30d"}`), &kept); err != nil || kept.Facts != Period(30*day) || kept.Web != Default().Web {
		t.Errorf("one setting: %+v, %v", kept, err)
	}
	if err := json.Unmarshal([]byte(`{"facts":"soon"}`), &kept); err == nil {
		t.Error("a faulty setting is read")
	}
}

func TestEachKindHasASettingOfItsOwn(t *testing.T) {
	var s Settings
	for i, k := range Kinds {
		*k.Of(&s) = Period(i + 1)
	}
	for i, k := range Kinds {
		if *k.Of(&s) != Period(i+1) {
			t.Errorf("%s shares its setting", k.Name)
		}
	}
	if s.Identified == 0 || s.Pseudonymous == 0 || s.Facts == 0 || s.Web == 0 || s.Archive == 0 || s.DeadLetters == 0 {
		t.Errorf("a setting has no kind: %+v", s)
	}
}
