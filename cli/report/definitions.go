package report

import (
	"fmt"
	"io"
	"strconv"

	"glint/cli/internal/output"
	"glint/ingest/warehouse"
)

// definition is a number of a report: its formula with the campaign's numbers
// filled in, and a query that returns it.
type definition struct {
	name, formula, value string
	sql                  string
}

// definitionsOf returns the definitions of a report, each with a query that returns
// the number.
func definitionsOf(r *warehouse.Report) []definition {
	n := output.Count
	column := func(name string) string {
		return fmt.Sprintf("SELECT %s FROM glint.campaign_report WHERE campaign_id = %d", name, r.CampaignID)
	}
	count := func(name, formula string, value uint64) definition {
		return definition{name, formula, n(value), column(name)}
	}
	share := func(name, formula string, value *float64) definition {
		return definition{name, formula, output.Percent(value), column(name)}
	}
	all := []definition{
		count("sends", "messages of complete registrations, without "+n(r.Tests)+" tests", r.Sends),
		count("delivered", fmt.Sprintf("sends − bounced = %s − %s; a message that bounced and was opened, clicked or fetched by Apple's relay arrived", n(r.Sends), n(r.Bounced)), r.Delivered),
		count("measured", "delivered messages that are tracked individually; the base of every rate", r.Measured),
		share("measured_share", fmt.Sprintf("measured / delivered = %s / %s", n(r.Measured), n(r.Delivered)), r.MeasuredShare),
		count("opens_total", "requests for the pixels of sends, machines included", r.OpensTotal),
		count("unique_opens", "sends with at least one open, machines included", r.UniqueOpens),
		count("reliable_unique_opens", "R: measured messages that a person opened, directly or through a proxy that fetches when a person looks", r.ReliableUniqueOpens),
		count("confirmed_unique_opens", "R or C: also measured messages in which a person clicked, replied or converted", r.ConfirmedUniqueOpens),
		count("mpp_only", "P and not R: measured messages without a known reader that Apple Mail fetched in a way that may hide one", r.MPPOnly),
		count("unknown_only", "U, neither R nor P: measured messages that only a client of unknown kind fetched", r.UnknownOnly),
		count("bot_filtered_unique_opens", fmt.Sprintf("R or P or U = reliable_unique_opens + mpp_only + unknown_only = %s + %s + %s",
			n(r.ReliableUniqueOpens), n(r.MPPOnly), n(r.UnknownOnly)), r.BotFilteredUniqueOpens),
		share("open_rate_low", fmt.Sprintf("reliable_unique_opens / measured = %s / %s", n(r.ReliableUniqueOpens), n(r.Measured)), r.OpenRateLow),
		share("open_rate_high", fmt.Sprintf("bot_filtered_unique_opens / measured = %s / %s", n(r.BotFilteredUniqueOpens), n(r.Measured)), r.OpenRateHigh),
		share("mpp_adjusted_open_rate", fmt.Sprintf("reliable_unique_opens / (measured − mpp_only) = %s / (%s − %s)",
			n(r.ReliableUniqueOpens), n(r.Measured), n(r.MPPOnly)), r.MPPAdjustedOpenRate),
		share("click_rate", fmt.Sprintf("clicked / delivered = %s / %s", n(r.Clicked), n(r.Delivered)), r.ClickRate),
	}
	for _, e := range r.Estimates {
		all = append(all, definition{
			"estimate " + e.Name, "of " + n(e.N) + " messages, if " + e.Assumption,
			output.Percent(e.Rate) + " (" + output.Percent(e.Low) + " … " + output.Percent(e.High) + ")",
			fmt.Sprintf("SELECT rate, low, high FROM glint.campaign_estimates WHERE campaign_id = %d AND name = '%s'", r.CampaignID, e.Name),
		})
	}
	return all
}

// writeDefinitions prints the definitions as text.
func writeDefinitions(w io.Writer, r *warehouse.Report) error {
	fmt.Fprintf(w, "Campaign  %s  (id %s)\n", output.Safe(r.Campaign), strconv.FormatUint(r.CampaignID, 10))
	for _, d := range definitionsOf(r) {
		if _, err := fmt.Fprintf(w, "\n%s = %s\n    %s\n    %s\n", d.name, d.value, output.Safe(d.formula), d.sql); err != nil {
			return err
		}
	}
	return nil
}
