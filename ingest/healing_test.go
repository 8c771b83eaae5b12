package ingest

import "testing"

// TestARestartIsToldFromAClockThatIsSet: a server that was seen for the first time was
// not started anew.
func TestARestartIsToldFromAClockThatIsSet(t *testing.T) {
	for name, c := range map[string]struct {
		before, now map[string]int64
		want        bool
	}{
		"the same":          {map[string]int64{"a": 100}, map[string]int64{"a": 100}, false},
		"one of two":        {map[string]int64{"a": 100, "b": 100}, map[string]int64{"a": 100, "b": 500}, true},
		"a new one":         {map[string]int64{"a": 100}, map[string]int64{"a": 100, "b": 500}, false},
		"an earlier time":   {map[string]int64{"a": 500}, map[string]int64{"a": 100}, true},
		"nothing was known": {map[string]int64{}, map[string]int64{"a": 100}, false},
	} {
		if got := restarted(c.before, c.now); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if !near(100, 102) || !near(102, 100) || near(100, 103) {
		t.Error("answers about one start may differ by two seconds, and not by more")
	}
}
