package demo

import (
	"math/rand/v2"
	"net/netip"
	"time"

	"glint/edge/pixel"
	"glint/ingest/deliveries"
	"glint/ingest/sends"
	"glint/ingest/warehouse"
)

// blockedClicks is the number of recipients whose mail program loads no images and who
// click: the end of the list. Clicks show which part of the opens the pixel misses.
const blockedClicks = 4

// clicks returns the clicks of the first recipients of each group, and of recipients
// whose pixel is never fetched.
func clicks(b *sends.Batch, sentAt time.Time) []deliveries.Event {
	chance := rand.New(rand.NewPCG(2026, 12)) // a fixed seed, so that all runs are equal
	var all []deliveries.Event
	click := func(recipient int) {
		all = append(all, deliveries.Event{
			Line: len(all) + 1, Kind: warehouse.Clicked, Message: b.MessageID(recipient), At: sentAt.Add(later.delay(chance)),
			URL: "https://example.com/spring", UserAgent: webmail.userAgent, IP: "198.51.100.7", Source: deliveries.JSONL,
		})
	}
	first := 0
	for _, g := range cast {
		for i := range g.clicks {
			click(first + i)
		}
		first += g.recipients
	}
	for i := range blockedClicks {
		click(Recipients - 1 - i)
	}
	return all
}

// clickJudge classifies the clicks; their addresses belong to no special network.
var clickJudge = deliveries.Judge{
	Lookup: func(netip.Addr) pixel.Network {
		return pixel.Network{Known: true, Name: webmail.network, ASNumber: webmail.asNumber, Country: webmail.country}
	},
}
