package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"glint/cli/internal/output"
	"glint/ingest/warehouse"
)

// wide is the width of a range from which on the lead gives the range before the estimate.
const wide = 0.3

// few is the number of messages below which a share is meaningless.
const few = 20

// noFetch reports whether nothing at all is known to have reached a reader.
func noFetch(r *warehouse.Report) bool { return r.OpensTotal == 0 && r.ConfirmedUniqueOpens == 0 }

// lead returns the result in a sentence.
func lead(r *warehouse.Report) string {
	overall := r.Estimate("overall")
	switch {
	case r.Sends == 0:
		return "No message of this campaign is registered, so there is no open rate."
	case r.Delivered == 0:
		return "No message of this campaign was delivered, so there is no open rate."
	case r.SentUnknown():
		return "The number of sent messages of this campaign is unknown, so there is no open rate."
	case r.Measured == 0:
		return "No delivered message of this campaign is measured, so there is no open rate."
	case noFetch(r):
		return "No pixel of this campaign was fetched yet."
	case overall.Low == nil || overall.High == nil:
		return "The open rate cannot be determined."
	case r.Measured < few:
		return fmt.Sprintf("%s of %s certainly opened it; too few messages for a rate.",
			output.Count(r.ConfirmedUniqueOpens), output.Plural(int(r.Measured), "measured message", "measured messages"))
	case overall.Rate == nil:
		return fmt.Sprintf("Between %s and %s opened it; the value within this range cannot be determined.", output.Percent(overall.Low), output.Percent(overall.High))
	case *overall.High-*overall.Low > wide:
		return fmt.Sprintf("Between %s and %s opened it; best estimate %s, certain %s.",
			output.Percent(overall.Low), output.Percent(overall.High), output.Percent(overall.Rate), output.Percent(ratio(r.ConfirmedUniqueOpens, r.Measured)))
	}
	return fmt.Sprintf("%s opened it: %s (range %s; certain %s).", proportion(*overall.Rate), output.Percent(overall.Rate),
		span(overall.Low, overall.High), output.Percent(ratio(r.ConfirmedUniqueOpens, r.Measured)))
}

// proportion returns a fraction in words, with a memorable precision.
func proportion(p float64) string {
	for _, w := range []struct {
		upTo float64
		text string
	}{
		{0.005, "Almost nobody"},
		{0.015, "About 1 in 100"},
		{0.035, "About 1 in 40"},
		{0.07, "About 1 in 20"},
		{0.13, "About 1 in 10"},
		{0.225, "About 2 in 10"},
		{0.29, "About a quarter"},
		{0.365, "About a third"},
		{0.45, "About 4 in 10"},
		{0.55, "About half"},
		{0.635, "About 6 in 10"},
		{0.71, "About two thirds"},
		{0.775, "About three quarters"},
		{0.85, "About 8 in 10"},
		{0.95, "About 9 in 10"},
	} {
		if p < w.upTo {
			return w.text
		}
	}
	return "Nearly all"
}

// span formats an interval; one dash if its ends are unknown.
func span(low, high *float64) string {
	if low == nil || high == nil {
		return output.Percent(nil)
	}
	return output.Percent(low) + " … " + output.Percent(high)
}

// hours formats a number of hours in everyday units.
func hours(h float64) string {
	d := time.Duration(math.Round(h*60)) * time.Minute
	switch days := d.Hours() / 24; {
	case d < time.Hour:
		return output.Plural(int(d/time.Minute), "minute", "minutes")
	case days >= 3:
		return strconv.FormatFloat(math.Round(days*10)/10, 'f', -1, 64) + " days"
	}
	text := strconv.Itoa(int(d/time.Hour)) + " h"
	if minutes := int(d % time.Hour / time.Minute); minutes > 0 {
		text += fmt.Sprintf(" %d min", minutes)
	}
	return text
}

// young is the time within which most opens arrive. An earlier estimate is not final.
const young = 48 * time.Hour

// incomplete names the shards whose latest opens may be missing, and since when.
func incomplete(d *Data) (texts []string) {
	r := d.Numbers
	for _, l := range r.Late {
		of := ""
		if l.Shard > 0 {
			of = fmt.Sprintf(" of shard %d", l.Shard)
		}
		texts = append(texts, "Opens"+of+" since "+moment(r.ComputedAt.Add(-l.Behind), d.zone())+" may be missing.")
	}
	return texts
}

// age returns a warning if the numbers were computed shortly after the send.
func age(r *warehouse.Report) []string {
	began, what := r.LastSentAt, "It was sent "
	if began == nil {
		began, what = r.FirstOpenAt, "Its pixel was first fetched "
	}
	if began == nil || r.Measured == 0 || r.SentUnknown() {
		return nil
	}
	since := r.ComputedAt.Sub(*began)
	if since < 0 || since >= young {
		return nil
	}
	if since > 3*time.Hour { // minutes would add nothing
		since = since.Round(time.Hour)
	}
	return []string{what + hours(since.Hours()) + " before this count; more opens may come."}
}

// unseen explains an estimate that is above all observed opens.
func unseen(r *warehouse.Report) []string {
	if e := r.Estimate("overall"); e.Rate == nil || !slices.Contains(r.Weaknesses, "no_clicks") || r.OpensTotal == 0 {
		return nil
	}
	return []string{"The estimate adds opens that load no image. Their number is an assumption until clicks are imported."}
}

// against compares the estimate with earlier campaigns, unless there is no open yet.
// It also names campaigns without an estimate.
func against(r *warehouse.Report, earlier []Earlier) []string {
	own := r.Estimate("overall")
	if own.Rate == nil || own.Low == nil || own.High == nil || r.Measured < few || r.OpensTotal == 0 && r.ConfirmedUniqueOpens == 0 {
		return nil
	}
	compared, above, apart := 0, 0, 0
	var before []string
	for _, e := range earlier {
		if e.Rate == nil || e.Low == nil || e.High == nil || e.Measured < few {
			before = append(before, "no rate ("+e.Campaign+")")
			continue
		}
		compared++
		before = append(before, output.Percent(e.Rate)+" ("+e.Campaign+")")
		if *own.Rate > *e.Rate {
			above++
		}
		if *own.Low > *e.High || *own.High < *e.Low {
			apart++
		}
	}
	if compared == 0 {
		return []string{"No earlier campaign has a rate to compare with."}
	}
	text := "Before it: " + strings.Join(before, ", ") + ". The estimate is " + position(above, compared)
	switch apart {
	case compared:
		text += ". The ranges do not overlap: the difference is not due to chance, whatever its cause."
	case 0:
		text += ". The ranges overlap: the difference may be due to chance, or to opens that cannot be seen."
	default:
		text += fmt.Sprintf(". The range of %d does not overlap with this one; the others may differ by chance.", apart)
	}
	return []string{text}
}

func position(above, compared int) string {
	last := "the one campaign before it that has a rate"
	switch {
	case compared == 1 && above == 1:
		return "above that of " + last
	case compared == 1:
		return "not above that of " + last
	case above == compared:
		return fmt.Sprintf("above those of all %d", compared)
	case above == 0:
		return fmt.Sprintf("above none of the %d", compared)
	}
	return fmt.Sprintf("above %d of the %d", above, compared)
}
