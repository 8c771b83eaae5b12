package report

import (
	"time"

	"glint/ingest/networks"
	"glint/ingest/warehouse"
)

// Data is the input of a report. A nil or empty field is unknown; the report says so
// or omits it.
type Data struct {
	Numbers *warehouse.Report
	Earlier []Earlier             // sent before this campaign, the latest first
	Opened  *warehouse.TimeToOpen // time from the send to the first open by a person
	Week    [7][24]uint64         // first opens by people, from Monday, by the clocks of Zone

	Providers, Clients, Countries, Reasons []warehouse.ValueCount

	Lists   []List
	Ruleset int            // version of the rules of this program; 0: unknown
	Zone    *time.Location // of times and hours; nil is UTC
	Fresh   bool           // its parts are computed now
}

// Earlier is an earlier campaign for comparison.
type Earlier struct {
	Campaign        string
	Measured        uint64
	Rate, Low, High *float64 // of the estimate overall
	Opened          *warehouse.TimeToOpen
}

// List is a network list that the classification uses.
type List struct {
	Name string
	Date time.Time // zero: no date
}

// ListsOf returns the lists of a home.
func ListsOf(home string) []List {
	sources, err := networks.OpenSources(networks.Files{Home: home}, nil, nil)
	if err != nil {
		return nil // glint networks list shows the reason
	}
	return []List{{Name: "Apple's relay", Date: sources.Book().Dates()[networks.SourceRelay]}}
}

// zone returns the zone of the report's times.
func (d *Data) zone() *time.Location {
	if d.Zone == nil {
		return time.UTC
	}
	return d.Zone
}

// spans are the possible widths of a curve, in hours.
var spans = []float64{6, 12, 24, 48, 72, 7 * 24, 14 * 24, 30 * 24}

// curvePoints is the number of points of a curve.
const curvePoints = 24

// curve returns the opens by people over the time since the send, up to the span that
// contains 95 % of them; nil if no open has such a time.
func (d *Data) curve() *Curve {
	if d.Opened == nil || d.Opened.Messages == 0 {
		return nil
	}
	c := &Curve{Hours: spans[len(spans)-1]}
	for _, span := range spans {
		if openedBy(d.Opened, span) >= 0.95 {
			c.Hours = span
			break
		}
	}
	c.Points, c.HalfLife = sample(d.Opened, c.Hours), halfLife(d.Opened)
	for _, e := range d.Earlier {
		if e.Opened != nil && e.Opened.Messages >= few {
			c.Earlier = append(c.Earlier, sample(e.Opened, c.Hours))
		}
	}
	return c
}

// openedBy returns the share of the opens within a number of hours after the send.
func openedBy(t *warehouse.TimeToOpen, hours float64) float64 {
	n := 0.0
	for _, c := range t.Classes {
		switch from, to := c.From.Hours(), c.To.Hours(); {
		case to <= hours:
			n += float64(c.Messages)
		case from < hours: // assumes that they are evenly distributed
			n += float64(c.Messages) * (hours - from) / (to - from)
		}
	}
	return n / float64(t.Messages)
}

func sample(t *warehouse.TimeToOpen, until float64) (points []Point) {
	for i := 1; i <= curvePoints; i++ {
		at := until * float64(i) / curvePoints
		points = append(points, Point{at, openedBy(t, at)})
	}
	return points
}

// halfLife returns the hours within which half of the opens by people arrived; 0
// without opens.
func halfLife(t *warehouse.TimeToOpen) float64 {
	half := t.Quantile(0.5)
	if half == nil {
		return 0
	}
	return half.Hours()
}

// heat returns the first opens by people by weekday and hour; nil if there are none.
func (d *Data) heat() *Heat {
	if d.Week == [7][24]uint64{} {
		return nil
	}
	return &Heat{Zone: d.zone().String(), Cells: d.Week}
}
