package cdnlog

import (
	"math/rand/v2"
	"testing"
	"time"
)

// The quick readers return the same as package time for texts that are times or nearly
// so, or leave the text to it.
func TestQuickTimesAreThoseOfPackageTime(t *testing.T) {
	chance := rand.New(rand.NewPCG(7, 7))
	began := time.Date(1999, 12, 25, 0, 0, 0, 0, time.UTC)
	quick := 0
	for range 200_000 {
		at := began.Add(time.Duration(chance.Int64N(40*365*24*3600)) * time.Second)
		common, w3c := []byte(at.Format(clf)), []byte(at.Format("2006-01-02 15:04:05"))
		if chance.IntN(3) > 0 {
			const others = "0123456789 /:-+JFMAnx"
			common[chance.IntN(len(common))] = others[chance.IntN(len(others))]
			w3c[chance.IntN(len(w3c))] = others[chance.IntN(len(others))]
		}
		if got, ok := utcTime(string(common)); ok {
			quick++
			if want, err := time.Parse(clf, string(common)); err != nil || !got.Equal(want) {
				t.Fatalf("%s is %v, want %v, %v", common, got, want, err)
			}
		}
		if got, ok := dateAndClock(string(w3c[:10]), string(w3c[11:])); ok {
			quick++
			if want, err := time.Parse("2006-01-02 15:04:05", string(w3c[:10])+" "+string(w3c[11:])); err != nil || !got.Equal(want) {
				t.Fatalf("%s is %v, want %v, %v", w3c, got, want, err)
			}
		}
	}
	if quick < 150_000 {
		t.Errorf("only %d of 400000 were read quickly", quick)
	}
}
