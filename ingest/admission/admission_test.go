package admission

import (
	"errors"
	"testing"
)

func TestSharesLeaveRoomForEverySource(t *testing.T) {
	// Of 1,200 bytes, any source may use 600, and each of three sources is sure
	// of 200.
	for _, c := range []struct {
		name     string
		sources  []string
		own, all []int64
		want     string // o open, c closed
	}{
		{"a flood, then its end", []string{"a", "b", "d"}, []int64{0, 599, 600, 600, 500, 161, 160, 199, 200}, []int64{0, 599, 600, 800, 600, 600, 600, 600, 700}, "oocccc" + "ooc"},
		{"taken again since others hold little", []string{"a", "b", "d"}, []int64{600, 480, 480}, []int64{600, 481, 480}, "cco"},
		{"below its share a source always gets in", []string{"a", "b", "d"}, []int64{0, 199, 199}, []int64{599, 600, 1150}, "ooo"},
		{"one alone has all", []string{"a"}, []int64{0, 600, 1199}, []int64{0, 600, 1199}, "ooo"},
		{"a label of several tokens is one source", []string{"a", "a"}, []int64{1199}, []int64{1199}, "o"},
		{"one whose token is gone still counts", []string{"b"}, []int64{299, 300}, []int64{600, 600}, "oc"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var own, all int64
			s := &fairShare{
				backlog:  func(string) (int64, int64) { return own, all },
				capacity: func() int64 { return 1200 }, sources: func() []string { return c.sources }, refused: map[string]bool{},
			}
			got := ""
			for i := range c.own {
				own, all = c.own[i], c.all[i]
				switch err := s.admit("a"); {
				case err == nil:
					got += "o"
				case errors.Is(err, SourceFull):
					got += "c"
				default:
					t.Fatal(err)
				}
			}
			if got != c.want {
				t.Errorf("gate was %s, want %s", got, c.want)
			}
		})
	}
}

func TestMarksFitTheDisk(t *testing.T) {
	for _, c := range []struct {
		name string
		disk int64
		want DiskWatermarks
	}{
		{"large", 1 << 40, DiskWatermarks{512 << 20, 1 << 30}},
		{"small", 64 << 20, DiskWatermarks{64 << 20 / 20, 64 << 20 / 10}},
		{"unknown", -1, DiskWatermarks{512 << 20, 1 << 30}},
	} {
		if got := WatermarksOfDisk(c.disk); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestRoomIsTheQuotaOrWhatTheDiskHas(t *testing.T) {
	m := DiskWatermarks{Stop: 100}
	for _, c := range []struct {
		name                     string
		quota, bytes, free, want int64
	}{
		{"a large disk", 1000, 400, 5000, 1000},
		{"a small disk", 1000, 400, 300, 600},
		{"a full disk", 1000, 400, 50, 400},
		{"an unknown disk", 1000, 400, -1, 1000},
	} {
		if got := capacityOf(c.quota, c.bytes, c.free, m); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}
