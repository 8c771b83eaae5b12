package report

import (
	"fmt"
	"io"

	"glint/cli/internal/output"
	"glint/ingest/warehouse"
)

// classMeaning says in a few words what each class stands for.
var classMeaning = map[string]string{
	"human_direct":     "a mail client or browser on the recipient's own network",
	"proxy_human":      "a person, through an image proxy such as Gmail's",
	"machine_prefetch": "fetched without a person, such as Apple's privacy prefetch",
	"security_scanner": "a mail security gateway",
	"bot":              "a crawler or bot",
	"http_library":     "a program's HTTP library",
	"link_preview":     "a chat or social network's preview",
	"headless":         "an automated browser",
	"unknown":          "could be anyone",
}

// WriteTable prints the report for a person.
func WriteTable(w io.Writer, r *warehouse.Report) error {
	fmt.Fprintf(w, "Campaign  %s  (id %d)\n\n", output.Safe(r.Campaign), r.CampaignID)
	writeRates(w, r)
	if err := writeMessages(w, r); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nfirst reliable open  %s\nlast reliable open   %s\n", output.Time(r.FirstReliableOpenAt), output.Time(r.LastReliableOpenAt))
	for i, warning := range warningsOf(r) {
		if i == 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "warning: %s\n", warning.Text)
	}
	if len(r.Classes) == 0 {
		return nil
	}
	fmt.Fprintln(w)
	c := output.NewTable("CLASS", "OPENS", "MESSAGES", "MEANING").AlignRight(1, 2)
	for _, k := range r.Classes {
		c.Row(k.Class, output.Count(k.OpensTotal), output.Count(k.UniqueOpens), classMeaning[k.Class])
	}
	c.Row("all", output.Count(r.OpensTotal), output.Count(r.UniqueOpens), "")
	return c.Write(w)
}

// writeRates prints the rates: the estimate that rests on most, then the bounds.
func writeRates(w io.Writer, r *warehouse.Report) {
	overall, bounds := r.Estimate("overall"), r.Estimate("bounds")
	fmt.Fprintf(w, "open rate               %s   range %s\n", output.Percent(overall.Rate), span(overall.Low, overall.High))
	if overall.Rate != nil {
		fmt.Fprintf(w, "                        if %s\n", overall.Assumption)
	}
	fmt.Fprintf(w, "bounds                  %s   if every verdict is right and every open loads its image\n", span(bounds.Low, bounds.High))
	fmt.Fprintf(w, "MPP-adjusted open rate  %s   %s by sampling error only\n\n", output.Percent(r.MPPAdjustedOpenRate), span(r.CILow, r.CIHigh))
}

// writeMessages prints the counts of messages.
func writeMessages(w io.Writer, r *warehouse.Report) error {
	of := func(n, base uint64) string {
		if base == 0 {
			return output.Percent(nil)
		}
		p := float64(n) / float64(base)
		return output.Percent(&p)
	}
	t := output.NewTable("MESSAGES", "COUNT", "SHARE", "OF").AlignRight(1, 2)
	t.Row("sends", output.Count(r.Sends), "", "")
	for _, row := range []struct {
		name    string
		n, base uint64
		of      string
		always  bool
	}{
		{"delivered", r.Delivered, r.Sends, "sends", true},
		{"measured", r.Measured, r.Delivered, "delivered", true},
		{"unique opens", r.UniqueOpens, r.Measured, "measured", true},
		{"bot-filtered unique opens", r.BotFilteredUniqueOpens, r.Measured, "measured", true},
		{"reliable unique opens", r.ReliableUniqueOpens, r.Measured, "measured", true},
		{"confirmed unique opens", r.ConfirmedUniqueOpens, r.Measured, "measured", true},
		{"Apple Mail only", r.MPPOnly, r.Measured, "measured", true},
		{"unknown only", r.UnknownOnly, r.Measured, "measured", true},
		{"bounced", r.Bounced, r.Sends, "sends", false},
		{"clicked", r.Clicked, r.Delivered, "delivered", false},
		{"replied", r.Replied, r.Delivered, "delivered", false},
		{"complained", r.Complained, r.Delivered, "delivered", false},
		{"unsubscribed", r.Unsubscribed, r.Delivered, "delivered", false},
	} {
		if row.always || row.n > 0 {
			t.Row(row.name, output.Count(row.n), of(row.n, row.base), row.of)
		}
	}
	if r.ClickToOpenRate != nil && r.Clicked > 0 {
		t.Row("clicked of those confirmed", "", output.Percent(r.ClickToOpenRate), "confirmed")
	}
	return t.Write(w)
}

// span writes the ends of an interval, one dash if they are not known.
func span(low, high *float64) string {
	if low == nil || high == nil {
		return output.Percent(nil)
	}
	return output.Percent(low) + " … " + output.Percent(high)
}
