package receiver

import (
	"errors"
	"testing"
	"time"
)

func TestWatermarkHasHysteresis(t *testing.T) {
	refusal := &Refusal{429, "backlog", "wait", time.Minute}
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
			m := Watermark{Level: func() int64 { return level }, Stop: c.stop, Resume: c.resume, Refusal: refusal}
			got := ""
			for _, level = range c.levels {
				err := m.Admit()
				if (err != nil) != m.Closed() || (err != nil && !errors.Is(err, refusal)) {
					t.Fatalf("level %d: %v, closed %v", level, err, m.Closed())
				}
				if err == nil {
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
