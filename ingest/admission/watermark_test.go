package admission

import (
	"testing"
	"time"

	"glint/ingest/receiver"
)

func TestWatermarkHasHysteresis(t *testing.T) {
	refusal := &receiver.Refusal{Status: 429, Reason: "backlog", Message: "wait", RetryAfter: time.Minute}
	for _, c := range []struct {
		name         string
		stop, resume int64
		levels       []int64
		want         string // o open, c closed
	}{
		{"a backlog that rises and falls", 100, 80, []int64{0, 99, 100, 99, 81, 80, 99, 100, 500, 0}, "oocccoocco"},
		{"free bytes that fall and rise", 10, 20, []int64{50, 11, 10, 11, 19, 20, 11, 0, 20}, "oocccooco"},
		{"no hysteresis wanted", 100, 99, []int64{99, 100, 99}, "oco"},
	} {
		t.Run(c.name, func(t *testing.T) {
			level := int64(0)
			m := watermark{level: func() int64 { return level }, stop: c.stop, resume: c.resume, refusal: refusal}
			got := ""
			for _, level = range c.levels {
				answer := m.admit()
				if answer != nil && answer != refusal {
					t.Fatalf("level %d: %v", level, answer)
				}
				if answer == nil {
					got += "o"
				} else {
					got += "c"
				}
			}
			if got != c.want {
				t.Errorf("gate was %s, want %s", got, c.want)
			}
		})
	}
}
