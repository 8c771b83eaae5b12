package report

import (
	"fmt"
	"slices"
	"time"

	"glint/cli/internal/output"
	"glint/ingest/warehouse"
)

// The thresholds of warnings.
const (
	fewMeasured   = 100                // messages
	lowMeasured   = 0.5                // of delivered
	manyOfUnknown = 0.1                // of measured messages
	freshSend     = 7 * 24 * time.Hour // period after a send in which opens are expected
	silence       = 24 * time.Hour     // without any open, machines included
)

// warningsOf returns the weaknesses of a report's numbers, in a fixed order, with the
// remedies; never nil.
func warningsOf(r *warehouse.Report) []warning {
	all := []warning{}
	add := func(condition bool, code, format string, args ...any) {
		if condition {
			all = append(all, warning{code, fmt.Sprintf(format, args...)})
		}
	}
	messages := func(n uint64) string { return output.Plural(int(n), "message", "messages") }
	add(r.Sends == 0, "no_sends", "No message of the campaign is registered. Try: glint send register")
	add(r.SentUnknown(), "sent_unknown", "The campaign is known from logs only, so the number of sent messages is unknown, and there is no rate. "+
		"Try: glint send register with all recipients")
	add(r.Measured > 0 && r.OpensTotal == 0, "no_opens",
		"No pixel of the campaign was fetched. Check that a delivered message contains its pixel_url, that this URL answers with an image, and "+
			"that its line reaches ingest. Try: glint doctor")
	add(silentSince(r), "no_event_since",
		"No pixel of the campaign was fetched since %s, for more than a day before this count: either nobody opens the mail any more, or lines are lost. Try: glint doctor",
		output.Time(r.LastOpenAt))
	for _, late := range r.Late {
		add(true, lateCode(late), "%s", late.Text())
	}
	add(r.NoPolicy, "no_policy", "No consent policy is set: all recipients are measured. Try: glint consent --help")
	add(slices.Contains(r.Weaknesses, "no_history"), "no_history",
		"Too few recipients are known from earlier campaigns: all messages without a fetch by Apple Mail are used in their place.")
	add(slices.Contains(r.Weaknesses, "few_visible"), "few_visible",
		"Only %s of %s measured messages went to recipients whose opens seem to be visible (Apple Mail fetched none of their mail): too few to "+
			"represent the rest, or perhaps all of Apple Mail's unused devices. The range is from certain to possible, with an allowance for opens that load no image.",
		output.Count(r.Estimate("overall").N), output.Count(r.Measured))
	add(slices.Contains(r.Weaknesses, "none_visible"), "none_visible",
		"None of the %s that Apple Mail did not fetch is known to be opened, so they show nothing about the others, whom Apple Mail or unknown clients may hide. "+
			"The range is from certain to possible.", messages(r.Estimate("overall").N))
	add(slices.Contains(r.Weaknesses, "chosen"), "chosen",
		"Nearly all recipients whose opens are visible opened earlier mail too, so the mail seems to go to recipients chosen by their opens. Those who use "+
			"Apple Mail may be chosen by its fetches, and open less often: the range allows for this, and no rate is quoted where they are many.")
	add(slices.Contains(r.Weaknesses, "no_images"), "no_images",
		"No open of any kind is known, of this campaign or of earlier mail to its recipients: either nobody opened it, or images never load, as in mail of text only. "+
			"The range reaches to 100 %%. Clicks would show more. Try: glint send import FILE")
	add(slices.Contains(r.Weaknesses, "no_clicks"), "no_clicks",
		"Too few clicks by recipients whose opens are known to be visible (20 are needed) to estimate the share of opens that load their image: 60 to 100 %% is assumed. "+
			"Import clicks; without them no rate is reliable if many people read without images.")
	add(r.Unplaced > 0, "no_apple_list",
		"%s fetched by Apple Mail from unknown networks. Try: glint networks list", messages(r.Unplaced))
	few := !r.SentUnknown() && r.Delivered > 0 && r.MeasuredShare != nil && *r.MeasuredShare < lowMeasured
	add(few, "few_measured", "Only %s of %s delivered are measured.", output.Count(r.Measured), output.Count(r.Delivered))
	add(!few && !r.SentUnknown() && r.Delivered > 0 && r.Measured < fewMeasured, "few_measured",
		"Only %s measured: chance alone moves each rate by percentage points.", messages(r.Measured))
	add(r.Sends > r.SendsWithTime, "no_send_times",
		"%s without a known time of sending: no history for later campaigns. Register sent_at.", messages(r.Sends-r.SendsWithTime))
	add(float64(r.UnknownOnly) > manyOfUnknown*float64(r.Measured), "share_unknown",
		"%s opened by clients of unknown kind only.", messages(r.UnknownOnly))
	add(r.Tests > 0, "tests", "The campaign has tests: %s. They count nowhere.", messages(r.Tests))
	add(r.UnregisteredOpensTotal > 0, "unregistered", "%s of messages that are not registered count nowhere.",
		output.Plural(int(r.UnregisteredOpensTotal), "open", "opens"))
	add(r.RecoveredOpens > 0, "damaged_urls", "%s came through a URL that was altered on its way; their token was recovered, but others may be lost.",
		output.Plural(int(r.RecoveredOpens), "open", "opens"))
	add(r.BadTokens > 0, "bad_tokens", "%s of the last 7 days name the campaign with a token that no key verifies. Try: glint keys list",
		output.Plural(int(r.BadTokens), "request", "requests"))
	return all
}

// lateCode returns the code of the warning about a shard or, without shards, a replica.
func lateCode(late warehouse.Late) string {
	switch {
	case late.Shard == 0:
		return "replica_behind"
	case late.Away:
		return "shard_away"
	}
	return "shard_behind"
}

// silentSince reports whether a recent campaign with at least fewMeasured
// recipients has had no open for a day: its lines may be lost.
func silentSince(r *warehouse.Report) bool {
	return r.Sends >= fewMeasured && r.LastOpenAt != nil && r.LastSentAt != nil &&
		r.ComputedAt.Sub(*r.LastSentAt) < freshSend && r.ComputedAt.Sub(*r.LastOpenAt) > silence && r.ComputedAt.Sub(*r.LastSentAt) > silence
}
