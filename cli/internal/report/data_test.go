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
	spring.Opened, spring.Week = decay(3, 300_000), week(11, 300_000)
	spring.Earlier = []Earlier{
		{"winter", 1_200_000, new(0.351), new(0.301), new(0.421), decay(2, 100_000)},
		{"autumn", 1_100_000, new(0.551), new(0.501), new(0.621), decay(7, 200_000)},
		{"summer", 100_000, nil, nil, nil, nil},
	}
	spring.Providers = []warehouse.ValueCount{value("Gmail", 400_000, 120_000), value("Yahoo", 90_000, 40_000), value("", 12, 5), value("Outlook.com", 100_000, 70_000)}
	spring.Clients = []warehouse.ValueCount{value("Gmail", 1, 100_000), value("Outlook", 1, 90_000), value("unknown", 1, 7), value("Thunderbird", 1, 1)}
	spring.Countries = []warehouse.ValueCount{value("", 200_000, 120_000)}
	for i, c := range []string{"DE", "US", "FR", "AT", "CH", "GB", "NL", "IT", "ES", "PL", "SE"} {
		spring.Countries = append(spring.Countries, value(c, uint64(60_000/(i+1)), uint64(50_000/(i+1))))
	}
	spring.Reasons = []warehouse.ValueCount{value("apple_mpp_relay", 340_000, 0), value("proxy_gmail", 120_000, 120_000), value("gateway_scanner", 9000, 0)}
	spring.Lists = []List{{"Apple's relay", sent}, {"AS numbers", time.Time{}}}
	h := all["hostile"]
	numbers := *h.Numbers
	numbers.Measured, numbers.Sends, numbers.Delivered, numbers.OpensTotal, numbers.ReliableUniqueOpens = 40, 40, 40, 12, 10
	numbers.Classes = []warehouse.ClassCount{{Class: hostile[2], OpensTotal: 3, UniqueOpens: 2}}
	numbers.Estimates = []warehouse.Estimate{{Name: "overall", Rate: new(0.25), Low: new(0.2), High: new(0.7), N: 40, Assumption: hostile[4]}}
	h.Numbers = &numbers
	h.Opened, h.Week = decay(1, 10), week(3, 10)
	for _, text := range hostile {
		h.Clients = append(h.Clients, value(text, 2, 2))
		h.Earlier = append(h.Earlier, Earlier{text, 40, new(0.1), new(0.05), new(0.15), nil})
	}
	h.Providers, h.Countries, h.Reasons = h.Clients, h.Clients, h.Clients
	return all
}

func value(v string, unique, reliable uint64) warehouse.ValueCount {
	return warehouse.ValueCount{Value: v, UniqueOpens: unique, ReliableUniqueOpens: reliable}
}

// decay returns the times of n opens, half of them within so many hours.
func decay(half float64, n int) *warehouse.TimeToOpen {
	t := &warehouse.TimeToOpen{}
	left := float64(n)
	for i := range 4 * 96 {
		then := float64(n) * math.Pow(0.5, float64(i+1)/4/half)
		c := warehouse.DelayClass{
			From: time.Duration(i) * 15 * time.Minute, To: time.Duration(i+1) * 15 * time.Minute,
			Messages: uint64(math.Round(left)) - uint64(math.Round(then)),
		}
		if left = then; c.Messages > 0 {
			t.Classes, t.Messages = append(t.Classes, c), t.Messages+c.Messages
		}
	}
	return t
}

// week spreads n opens, most of them on a Friday from some hour on.
func week(from int, n uint64) (cells [7][24]uint64) {
	for i := range 60 {
		hour := 4*24 + from + i
		cells[hour/24%7][hour%24] += n / uint64(i+2) / 4
	}
	return cells
}
