package warehouse

import (
	"encoding/json"
	"errors"
	"strconv"
	"time"
)

// errNumbers means that another version of glint stored the numbers of a report.
var errNumbers = errors.New("other numbers than expected")

// integer is an integer in JSON, which ClickHouse quotes or not, depending on its version.
type integer int64

func (i *integer) UnmarshalJSON(text []byte) error {
	var n json.Number
	if err := json.Unmarshal(text, &n); err != nil {
		return err
	}
	value, err := n.Int64()
	*i = integer(value)
	return err
}

// setNumbers sets the numbers from the columns of the view snapshot_numbers, and returns
// their mark.
func (s *snapshot) setNumbers(text string, now time.Time) (mark uint64, err error) {
	r := &s.report
	var counts, opens, messages []integer
	var rates []*float64
	var times []*integer
	var classes []string
	var markText string
	fields := []any{&r.Campaign, &counts, &rates, &times, &classes, &opens, &messages, &markText}
	expected := len(fields)
	if err := json.Unmarshal([]byte(text), &fields); err != nil {
		return 0, err
	}
	var computedAt, readAt *time.Time
	toCounts := []*uint64{
		&r.Sends, &r.Delivered, &r.OpensTotal, &r.UniqueOpens, &r.BotFilteredUniqueOpens, &r.ReliableUniqueOpens, &r.MPPOnly, &r.UnregisteredOpensTotal,
		&r.UnregisteredUniqueOpens, &r.Tests, &r.Measured, &r.UnknownOnly, &r.ConfirmedUniqueOpens, &r.Bounced, &r.Clicked, &r.Complained, &r.Unsubscribed,
		&r.Replied, &r.Unplaced, &r.SendsWithTime, &r.RecoveredOpens, &s.accountRows,
	}
	toRates := []**float64{
		&r.MPPAdjustedOpenRate, &r.OpenRateLow, &r.OpenRateHigh, &r.CILow, &r.CIHigh, &r.MeasuredShare, &r.ClickRate, &r.BounceRate,
		&r.ClickToOpenRate, &r.ComplaintRate, &r.UnsubscribeRate, &r.ReplyRate,
	}
	toTimes := []**time.Time{&r.FirstOpenAt, &r.LastOpenAt, &r.FirstReliableOpenAt, &r.LastReliableOpenAt, &r.LastSentAt, &computedAt, &readAt}
	if len(fields) != expected || len(counts) != len(toCounts) || len(rates) != len(toRates) || len(times) != len(toTimes) ||
		len(opens) != len(classes) || len(messages) != len(classes) {
		return 0, errNumbers
	}
	for i, n := range counts {
		*toCounts[i] = uint64(n)
	}
	for i, rate := range rates {
		*toRates[i] = rate
	}
	for i, at := range times {
		if at != nil {
			*toTimes[i] = new(time.UnixMilli(int64(*at)).UTC())
		}
	}
	for i, class := range classes {
		r.Classes = append(r.Classes, ClassCount{class, uint64(opens[i]), uint64(messages[i])})
	}
	if computedAt == nil || readAt == nil {
		return 0, errNumbers
	}
	r.ComputedAt, s.age = *computedAt, now.Sub(*readAt)
	return strconv.ParseUint(markText, 10, 64)
}
