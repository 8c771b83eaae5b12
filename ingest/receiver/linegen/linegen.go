// Package linegen generates bodies of log lines for tests and benchmarks, in
// the form that an edge writes. Each line has its own token and event id, and
// the other facts vary as in the mail of one large campaign, so that they
// compress no better than real lines. In one process, the same seed gives the
// same bytes.
package linegen

import (
	"fmt"
	"math/rand/v2"
	"time"

	"glint/edge/event"
	"glint/edge/token"
)

// The shares of mail clients roughly equal a consumer mailing; agent
// fills in the parts that vary between devices.
var agents = []struct{ format, network, proxy string }{
	{"Mozilla/5.0", "apple_relay", "anonymous"},
	{"Mozilla/5.0", "apple_relay", "anonymous"},
	{"Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)", "none", ""},
	{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.%d.%d Safari/537.36", "none", ""},
	{"Mozilla/5.0 (Linux; Android %d; SM-S9%dB) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/13%d.0.0.0 Mobile Safari/537.36", "none", ""},
	{"Mozilla/5.0 (iPhone; CPU iPhone OS 17_%d like Mac OS X) AppleWebKit/605.1.%d (KHTML, like Gecko) Mobile/15E%d", "none", ""},
	{"Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Win64; x64; Microsoft Outlook 16.0.%d%d; ms-office; MSOffice %d)", "hosting", "hosting"},
	{"Mozilla/5.0 (X11; Linux x86_64; rv:%d.0) Gecko/20100101 Thunderbird/1%d.%d", "none", ""},
}

var countries = []string{"DE", "US", "FR", "GB", "NL", "AT", "PL", "ES", "IT", "CH"}

// sent is when the lines' mail was sent, and the next day it is opened: recent
// enough to be kept by any retention, whatever the date.
var sent = time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -10)

// Body returns that many lines, each with its line feed.
func Body(seed uint64, lines int) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	ring, err := token.NewRing(token.Key{ID: 1, State: token.Signing})
	if err != nil {
		panic(err) // a single key is always valid
	}
	campaign := token.CampaignID(r.Uint64())
	at := sent.Add(33 * time.Hour)
	b := make([]byte, 0, lines*700)
	for range lines {
		at = at.Add(time.Duration(r.IntN(3)) * time.Millisecond)
		e := opened(r, at)
		t := token.Token{Campaign: campaign, IssuedAt: uint32(sent.Unix())}
		fill(r, t.Message[:])
		if e.Token, err = ring.Sign(t); err != nil {
			panic(err) // the ring has a signing key
		}
		b = append(e.AppendJSON(b), '\n')
	}
	return b
}

func opened(r *rand.Rand, at time.Time) event.Event {
	a := agents[r.IntN(len(agents))]
	e := event.Event{
		Version: event.Version, OpenedAt: at, Kind: event.KindToken, TokenStatus: event.TokenValid, Method: "GET",
		UserAgent: agent(r, a.format), IP: fmt.Sprintf("%d.%d.%d.0", 1+r.IntN(220), r.IntN(256), r.IntN(256)),
		Network: a.network, ASNumber: uint32(1000 + r.IntN(60_000)), Country: countries[r.IntN(len(countries))],
		Region: string([]byte{'A' + byte(r.IntN(26)), 'A' + byte(r.IntN(26))}), ConnectionType: "broadband", ProxyType: a.proxy,
		Headers: []event.Header{
			{Name: "accept", Value: "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"},
			{Name: "accept-language", Value: "de-DE,de;q=0.9,en;q=0.8"},
		},
		Edge: "compute", POP: "FRA", ServiceVersion: "12", SandboxRequest: 1,
	}
	fill(r, e.ID[:])
	return e
}

func agent(r *rand.Rand, format string) string {
	verbs := 0
	for i := range format {
		if format[i] == '%' {
			verbs++
		}
	}
	values := []any{120 + r.IntN(20), 10 + r.IntN(90), r.IntN(200)}
	return fmt.Sprintf(format, values[:verbs]...)
}

func fill(r *rand.Rand, b []byte) {
	for i := range b {
		b[i] = byte(r.Uint32())
	}
}
