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
	rate := func(n uint64) string {
		if r.Delivered == 0 {
			return output.Percent(nil)
		}
		p := float64(n) / float64(r.Delivered)
		return output.Percent(&p)
	}
	t := output.NewTable("MESSAGES", "COUNT", "OF DELIVERED").AlignRight(1, 2)
	t.Row("sends", output.Count(r.Sends), "")
	t.Row("delivered", output.Count(r.Delivered), "")
	t.Row("unique opens", output.Count(r.UniqueOpens), rate(r.UniqueOpens))
	t.Row("bot-filtered unique opens", output.Count(r.BotFilteredUniqueOpens), rate(r.BotFilteredUniqueOpens))
	t.Row("reliable unique opens", output.Count(r.ReliableUniqueOpens), rate(r.ReliableUniqueOpens))
	t.Row("Apple prefetch only", output.Count(r.MPPOnly), rate(r.MPPOnly))
	if err := t.Write(w); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nMPP-adjusted open rate  %s   95 %% interval %s\n", output.Percent(r.MPPAdjustedOpenRate), span(r.CILow, r.CIHigh))
	fmt.Fprintf(w, "certain bounds          %s\n", span(r.OpenRateLow, r.OpenRateHigh))
	fmt.Fprintf(w, "first open              %s\nlast open               %s\n", output.Time(r.FirstOpenAt), output.Time(r.LastOpenAt))
	if r.UnregisteredOpensTotal > 0 {
		fmt.Fprintf(w, "not counted             %s of messages that were never registered\n",
			output.Plural(int(r.UnregisteredOpensTotal), "open", "opens"))
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

// span writes the ends of an interval, one dash if they are not known.
func span(low, high *float64) string {
	if low == nil || high == nil {
		return output.Percent(nil)
	}
	return output.Percent(low) + " … " + output.Percent(high)
}
