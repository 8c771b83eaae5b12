package sqltest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"glint/ingest/warehouse"
	"glint/ingest/warehouse/enginetest"
	"glint/ingest/warehouse/enginetest/client"
)

// zones have offsets of whole, half and three quarters of an hour, and changes
// of the clocks within the months of the random world.
var zones = []string{"UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe"}

// compareBreakdowns holds the breakdowns, the timeline and the times to open of
// every campaign against a count in Go, and their sums against the report; after
// the last change also the client's results, and the lists.
func compareBreakdowns(t *testing.T, w *enginetest.Warehouse, world *world, messages map[messageKey]*messageState, after string) {
	t.Helper()
	reader := client.Connect(t, w, enginetest.ReaderUser)
	all := readBreakdowns(t, w)
	for _, c := range world.campaigns {
		report := world.report(c, messages)
		for _, dimension := range dimensions {
			got := all[c.id][dimension]
			checkSums(t, got, report, after+", by "+dimension)
			if diff := cmp.Diff(world.breakdown(c, messages, dimension), got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("after %s, campaign %d by %s: want (-), got (+):\n%s", after, c.id, dimension, diff)
			}
		}
		compareTimeline(t, reader, world, c, messages, after)
		compareDelays(t, reader, world, c, messages, after)
	}
	if after != "merged" {
		return
	}
	c := world.campaigns[2]
	for _, dimension := range warehouse.Dimensions {
		got, err := reader.Breakdown(t.Context(), c.id, dimension, time.UTC, false)
		if err != nil {
			t.Fatal(err)
		}
		checkSums(t, got, world.report(c, messages), after+", by "+dimension+" of the client")
		if slices.Contains(dimensions, dimension) {
			sortValues(got)
			if diff := cmp.Diff(all[c.id][dimension], got); diff != "" {
				t.Errorf("by %s: the view (-) and the client (+): %s", dimension, diff)
			}
		}
	}
	owner := client.Connect(t, w, enginetest.WarehouseUser)
	compareLists(t, owner, world, c, messages, after)
	compareTwo(t, owner, world, world.campaigns[2], world.campaigns[3], messages, after)
	compareTwo(t, owner, world, world.campaigns[0], world.campaigns[5], messages, after)
}

// dimensions are the dimensions of the view; hours and weekdays follow from the timeline.
var dimensions = []string{"client", "vendor", "os", "device", "country", "provider", "class", "reason"}

func checkSums(t *testing.T, values []warehouse.ValueCount, r report, what string) {
	t.Helper()
	var unique, reliable uint64
	for _, v := range values {
		unique, reliable = unique+v.UniqueOpens, reliable+v.ReliableUniqueOpens
	}
	if unique != r.UniqueOpens || reliable != r.Reliable {
		t.Errorf("after %s: %d and %d messages, the report has %d and %d", what, unique, reliable, r.UniqueOpens, r.Reliable)
	}
}

// readBreakdowns reads all breakdowns, by campaign and dimension, sorted by value.
func readBreakdowns(t *testing.T, w *enginetest.Warehouse) map[uint64]map[string][]warehouse.ValueCount {
	t.Helper()
	all := map[uint64]map[string][]warehouse.ValueCount{}
	text := w.Text(t, enginetest.ReaderUser, "SELECT campaign_id, dimension, value, unique_opens, reliable_unique_opens FROM opens_by_dimension FORMAT TSVRaw", nil)
	for line := range strings.Lines(text) {
		cells := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		var id uint64
		v := warehouse.ValueCount{Value: cells[2]}
		if _, err := fmt.Sscan(cells[0]+" "+cells[3]+" "+cells[4], &id, &v.UniqueOpens, &v.ReliableUniqueOpens); err != nil {
			t.Fatal(err)
		}
		if all[id] == nil {
			all[id] = map[string][]warehouse.ValueCount{}
		}
		all[id][cells[1]] = append(all[id][cells[1]], v)
	}
	for _, byDimension := range all {
		for _, values := range byDimension {
			sortValues(values)
		}
	}
	return all
}

func compareTimeline(t *testing.T, reader *warehouse.Warehouse, world *world, c campaign, messages map[messageKey]*messageState, after string) {
	t.Helper()
	timeline, err := reader.Timeline(t.Context(), c.id, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range zones {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		for step, begin := range map[warehouse.Step]func(time.Time) time.Time{
			warehouse.QuarterHour: func(at time.Time) time.Time { return at.Truncate(15 * time.Minute) },
			warehouse.Hour: func(at time.Time) time.Time {
				_, offset := at.In(zone).Zone()
				seconds := at.Unix() + int64(offset)
				return time.Unix(seconds-seconds%3600-int64(offset), 0)
			},
			warehouse.Day: func(at time.Time) time.Time {
				y, m, d := at.In(zone).Date()
				return time.Date(y, m, d, 0, 0, 0, 0, zone)
			},
		} {
			got := timeline.In(step, zone)
			if diff := cmp.Diff(world.timeline(c, messages, begin), got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("after %s, campaign %d in steps of %d in %s: want (-), got (+):\n%s", after, c.id, step, name, diff)
			}
		}
		var sums, byHour [24]uint64
		for _, b := range world.timeline(c, messages, func(at time.Time) time.Time { return at }) {
			if !b.Start.IsZero() {
				sums[b.Start.In(zone).Hour()] += b.UniqueOpens
			}
		}
		hours, _ := timeline.ByHour(zone)
		for hour, count := range hours {
			byHour[hour] = count.UniqueOpens
		}
		if sums != byHour {
			t.Errorf("after %s, by hour in %s: want %v, got %v", after, name, sums, byHour)
		}
	}
}

func compareDelays(t *testing.T, reader *warehouse.Warehouse, world *world, c campaign, messages map[messageKey]*messageState, after string) {
	t.Helper()
	got, err := reader.TimeToOpen(t.Context(), c.id, false)
	if err != nil {
		t.Fatal(err)
	}
	minutes, untimed := world.delays(c, messages)
	if got.Untimed != untimed || got.Messages != uint64(len(minutes)) {
		t.Errorf("after %s: %d messages with a time to open and %d without, want %d and %d", after, got.Messages, got.Untimed, len(minutes), untimed)
	}
	var inClasses []int
	for _, minute := range minutes {
		i := slices.IndexFunc(got.Classes, func(d warehouse.DelayClass) bool {
			at := time.Duration(minute) * time.Minute
			return d.From <= at && at < d.To
		})
		if i < 0 {
			t.Fatalf("after %s: no class for %d minutes", after, minute)
		}
		inClasses = append(inClasses, i)
		if d := got.Classes[i]; d.To-d.From > max(time.Minute, d.From/16) {
			t.Fatalf("a class from %v to %v is too wide", d.From, d.To)
		}
	}
	for i, class := range got.Classes {
		n := uint64(0)
		for _, in := range inClasses {
			if in == i {
				n++
			}
		}
		if n != class.Messages {
			t.Errorf("after %s: %d messages after %v to %v, want %d", after, class.Messages, class.From, class.To, n)
		}
	}
	if len(minutes) == 0 {
		return
	}
	for _, p := range []float64{0.25, 0.5, 0.75} {
		exact := time.Duration(minutes[int(p*float64(len(minutes)-1))]) * time.Minute
		next := time.Duration(minutes[min(int(p*float64(len(minutes)-1))+1, len(minutes)-1)]) * time.Minute
		if at := *got.Quantile(p); at < exact-exact/16-time.Minute || at > next+next/16+2*time.Minute {
			t.Errorf("after %s: quantile %v is %v, want %v to %v", after, p, at, exact, next)
		}
	}
	var opened uint64
	for _, c := range got.Classes {
		opened += c.Messages
	}
	if opened != got.Messages {
		t.Errorf("after %s: the classes have %d messages of %d", after, opened, got.Messages)
	}
}
