package report

import (
	"math"
	"time"

	"glint/ingest/warehouse"
)

// Data is what a report is made of. What is nil or empty is not known, and the
// report says so or leaves it out.
type Data struct {
	Numbers  *warehouse.Report
	Subject  string
	Earlier  []Earlier // sent before this campaign, the latest first
	Timeline []Bucket  // in their order; equally long, 1 h at most
	Unplaced uint64    // first opens by people without a time since the send

	Providers, Clients, Countries, Reasons []Slice

	Lists   []List
	Ruleset int            // version of the rules of this program; 0: not known
	Zone    *time.Location // of times and hours; nil is UTC
}

// Earlier is a campaign that this one is compared with.
type Earlier struct {
	Campaign        string
	Measured        uint64
	Rate, Low, High *float64 // of the estimate overall
	Timeline        []Bucket
}

// Bucket counts the opens of a stretch of time.
type Bucket struct {
	Start    time.Time
	Hours    float64 // from the send to the stretch's end; NaN: not known
	Reliable uint64  // messages whose first open by a person lies in it
}

// Slice counts messages by a value of one dimension.
type Slice struct {
	Value    string // empty: cannot be told
	Unique   uint64
	Reliable uint64
}

// List is a list of networks by which requests are judged.
type List struct {
	Name string
	Date time.Time // zero: there is none
}

// zone returns the zone of the report's times.
func (d *Data) zone() *time.Location {
	if d.Zone == nil {
		return time.UTC
	}
	return d.Zone
}

// spans are the widths that a curve may have, in hours.
var spans = []float64{6, 12, 24, 48, 72, 7 * 24, 14 * 24, 30 * 24}

// curvePoints is the number of points of a curve.
const curvePoints = 24

// curve returns the opens by people over the time since the send; nil if there
// are none with such a time.
func (d *Data) curve() *Curve {
	total := reliable(d.Timeline)
	if total == 0 {
		return nil
	}
	c := &Curve{Hours: spans[len(spans)-1]}
	for _, span := range spans {
		if cumulative(d.Timeline, span) >= 0.95*float64(total) {
			c.Hours = span
			break
		}
	}
	c.Points = sample(d.Timeline, c.Hours)
	c.HalfLife = halfLife(d.Timeline)
	for _, e := range d.Earlier {
		if reliable(e.Timeline) >= few {
			c.Earlier = append(c.Earlier, sample(e.Timeline, c.Hours))
		}
	}
	return c
}

// reliable sums the first opens by people whose time since the send is known.
func reliable(timeline []Bucket) (n uint64) {
	for _, b := range timeline {
		if !math.IsNaN(b.Hours) {
			n += b.Reliable
		}
	}
	return n
}

func cumulative(timeline []Bucket, until float64) (n float64) {
	for _, b := range timeline {
		if b.Hours <= until+1e-9 {
			n += float64(b.Reliable)
		}
	}
	return n
}

func sample(timeline []Bucket, until float64) (points []Point) {
	total := float64(reliable(timeline))
	for i := 1; i <= curvePoints; i++ {
		at := until * float64(i) / curvePoints
		points = append(points, Point{at, cumulative(timeline, at) / total})
	}
	return points
}

// halfLife returns the hours within which half of the opens by people came, to
// the end of a bucket.
func halfLife(timeline []Bucket) float64 {
	half := float64(reliable(timeline)) / 2
	best := math.Inf(1)
	for _, b := range timeline {
		if b.Hours < best && cumulative(timeline, b.Hours) >= half {
			best = b.Hours
		}
	}
	if math.IsInf(best, 1) {
		return 0
	}
	return best
}

// heat returns the first opens by people by weekday and hour; nil if there are none.
func (d *Data) heat() *Heat {
	h := &Heat{Zone: d.zone().String()}
	any := false
	for _, b := range d.Timeline {
		at := b.Start.In(d.zone())
		h.Cells[(int(at.Weekday())+6)%7][at.Hour()] += b.Reliable
		any = any || b.Reliable > 0
	}
	if !any {
		return nil
	}
	return h
}
