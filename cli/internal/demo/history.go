package demo

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"glint/edge/event"
)

// day is the length of the history, which ends when the campaign was created.
const day = 24 * time.Hour

// history returns the event lines of the cast's visits and of the bad tokens.
// The same messages give the same lines, so that posting them again changes
// nothing. tokens are the recipients' pixel tokens, in the list's order.
func history(messages []uuid.UUID, tokens []string, sentAt time.Time) []byte {
	chance := rand.New(rand.NewPCG(2026, 11)) // a fixed seed, so that all runs are equal
	var lines []byte
	add := func(message uuid.UUID, n int, token string, v visit, delay time.Duration) {
		e := v.client.event(eventID(message, n), token, sentAt.Add(delay))
		lines = append(e.AppendJSON(lines), '\n')
	}
	recipient := 0
	for _, g := range cast {
		for range g.recipients {
			var at time.Duration
			for n, v := range g.visits {
				at += v.when.delay(chance) / time.Duration(n+1)
				add(messages[recipient], n, tokens[recipient], v, min(at, day-time.Minute))
			}
			recipient++
		}
	}
	for n := range badTokens {
		add(messages[n], 100+n, "forged-"+tokens[n][7:], visit{&script, later}, later.delay(chance))
	}
	return lines
}

// delay draws the time of a visit after the send.
func (w when) delay(chance *rand.Rand) time.Duration {
	mean := 4 * time.Hour
	switch w {
	case atOnce:
		return 2*time.Second + time.Duration(chance.Int64N(int64(18*time.Second)))
	case early:
		mean = 20 * time.Minute
	}
	// Exponential decay after the first half minute.
	d := 30*time.Second + time.Duration(-math.Log(1-chance.Float64())*float64(mean))
	return min(d, day-time.Hour).Truncate(time.Millisecond)
}

func eventID(message uuid.UUID, n int) (id event.ID) {
	sum := sha256.Sum256(binary.BigEndian.AppendUint32(message[:], uint32(n)))
	copy(id[:], sum[:])
	return id
}

func (c *client) event(id event.ID, token string, at time.Time) event.Event {
	method := c.method
	if method == "" {
		method = "GET"
	}
	return event.Event{
		Version: event.Version, ID: id, OpenedAt: at, Kind: event.KindToken, Token: token,
		TokenStatus: event.TokenUnchecked, Method: method, UserAgent: c.userAgent, RefererHost: c.referer,
		Network: c.network, ASNumber: c.asNumber, Country: c.country,
		ProxyType: c.proxyType, ProxyDescription: c.proxyDescription, Headers: c.headers, Edge: "demo",
	}
}
