package report

import (
	"math"
	"time"

	"glint/ingest/warehouse"
)

// hostile are texts that strangers may give: to a terminal, a page, a spreadsheet.
var hostile = []string{
	"a\x1b[2Jb<i>&\u202e\n", "<script>document.title='seen'</script>", "\"><img src=x onerror=alert(1)>", "=HYPERLINK(\"http://x.example\")",
	"</style><b>", "javascript:alert(1)", "| a | b |", "[link](http://x.example)", "{{.Title}}", "-1+1",
}

// data are the reports of campaigns, with all that a report may show where the
// campaign has opens.
func data() map[string]*Data {
	all := map[string]*Data{}
	for name, r := range campaigns {
		all[name] = &Data{Numbers: r, Ruleset: 3}
	}
	spring := all["spring"]
	sent := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	spring.Subject = "Spring is near"
	spring.Timeline = decay(sent, 3, 300_000)
	spring.Earlier = []Earlier{
		{"winter", 1_200_000, of(0.351), of(0.301), of(0.421), decay(sent.AddDate(0, -1, 0), 2, 100_000)},
		{"autumn", 1_100_000, of(0.551), of(0.501), of(0.621), decay(sent.AddDate(0, -2, 0), 7, 200_000)},
		{"summer", 100_000, nil, nil, nil, nil},
	}
	spring.Providers = []Slice{{"Gmail", 400_000, 120_000}, {"Yahoo", 90_000, 40_000}, {"", 12, 5}, {"Outlook.com", 100_000, 70_000}}
	spring.Clients = []Slice{{"Gmail", 1, 100_000}, {"Outlook", 1, 90_000}, {"unknown", 1, 7}, {"Thunderbird", 1, 1}}
	spring.Countries = []Slice{{"", 200_000, 120_000}}
	for i, c := range []string{"DE", "US", "FR", "AT", "CH", "GB", "NL", "IT", "ES", "PL", "SE"} {
		spring.Countries = append(spring.Countries, Slice{c, uint64(60_000 / (i + 1)), uint64(50_000 / (i + 1))})
	}
	spring.Reasons = []Slice{{"apple_mpp_relay", 340_000, 0}, {"proxy_gmail", 120_000, 120_000}, {"gateway_scanner", 9000, 0}}
	spring.Lists = []List{{"Apple's relay", sent}, {"AS numbers", time.Time{}}}
	h := all["hostile"]
	h.Subject = hostile[1]
	numbers := *h.Numbers
	numbers.Measured, numbers.Sends, numbers.Delivered, numbers.OpensTotal, numbers.ReliableUniqueOpens = 40, 40, 40, 12, 10
	numbers.Classes = []warehouse.ClassCount{{Class: hostile[2], OpensTotal: 3, UniqueOpens: 2}}
	numbers.Estimates = []warehouse.Estimate{{Name: "overall", Rate: of(0.25), Low: of(0.2), High: of(0.7), N: 40, Assumption: hostile[4]}}
	h.Numbers = &numbers
	h.Timeline = decay(sent, 1, 10)
	for _, text := range hostile {
		h.Clients = append(h.Clients, Slice{text, 2, 2})
		h.Earlier = append(h.Earlier, Earlier{text, 40, of(0.1), of(0.05), of(0.15), nil})
	}
	h.Providers, h.Countries, h.Reasons = h.Clients, h.Clients, h.Clients
	return all
}

// decay returns quarters of an hour of a campaign with n opens, half of them
// within so many hours.
func decay(sent time.Time, half float64, n int) (timeline []Bucket) {
	left := float64(n)
	for i := range 4 * 96 {
		end := float64(i+1) / 4
		then := float64(n) * math.Pow(0.5, end/half)
		b := Bucket{sent.Add(time.Duration(i) * 15 * time.Minute), end, uint64(math.Round(left)) - uint64(math.Round(then))}
		if left = then; b.Reliable > 0 {
			timeline = append(timeline, b)
		}
	}
	return timeline
}
