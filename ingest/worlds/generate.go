package worlds

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// interval is the time between two campaigns of an account.
const interval = 7 * 24 * time.Hour

// recipient is a person on the list, with habits that do not change.
type recipient struct {
	id        int
	habit     float64 // probability of reading a message
	click     float64 // probability of a click on a message that was read
	apple     bool
	elsewhere bool
	prefetch  float64
	cloaked   bool
	scanned   bool
	noImages  bool
	opened    bool // a message to the recipient shows an open
}

type generator struct {
	world World
	rand  *rand.Rand
	next  int // id of the next recipient
}

// Generate returns the account of a world. The last campaign is sent a day
// before end. Equal arguments give equal accounts.
func Generate(w World, seed uint64, end time.Time) *Account {
	g := &generator{world: w, rand: rand.New(rand.NewPCG(seed, 0x676c696e74))}
	list := make([]recipient, w.Recipients)
	for i := range list {
		list[i] = g.recipient()
	}
	a := &Account{World: w}
	first := end.Add(-24*time.Hour - time.Duration(w.Campaigns-1)*interval)
	for n := range w.Campaigns {
		if n > 0 {
			for i := range list {
				if g.chance(w.Joiners) {
					list[i] = g.recipient()
				}
			}
		}
		c := Campaign{SentAt: first.Add(time.Duration(n) * interval)}
		if w.Chosen == Before && n == 0 {
			c.SentAt = first.Add(-120 * 24 * time.Hour)
		}
		for i := range list {
			if w.chooses(n) && !list[i].opened {
				continue
			}
			m := g.message(&list[i])
			c.Messages = append(c.Messages, m)
			list[i].opened = list[i].opened || m.showsOpen()
		}
		a.Campaigns = append(a.Campaigns, c)
	}
	return a
}

// chooses reports whether campaign n goes to chosen recipients only.
func (w *World) chooses(n int) bool {
	switch last := n == w.Campaigns-1; w.Chosen {
	case Before:
		return n > 0 && !last
	case Now:
		return n > 0 && last
	}
	return false
}

// showsOpen reports whether a fetch of the message looks like an open to a
// sender who counts Apple Mail's fetches.
func (m *Message) showsOpen() bool {
	return slices.ContainsFunc(m.Fetches, func(f Fetch) bool { return f.Class != "security_scanner" })
}

func (g *generator) chance(p float64) bool { return g.rand.Float64() < p }

func (g *generator) recipient() recipient {
	w := &g.world
	r := recipient{id: g.next, apple: g.chance(w.AppleShare), cloaked: g.chance(w.Cloaked), scanned: g.chance(w.Scanned)}
	g.next++
	mean := w.MeanHabit
	if r.apple {
		mean = min(0.97, mean*w.AppleHabit)
		r.elsewhere = g.chance(w.Elsewhere)
	}
	r.habit = g.beta(mean, w.Spread)
	r.click = g.beta(w.ClickP, 10)
	r.prefetch = w.Prefetch
	if r.habit < mean/2 {
		r.prefetch = w.IdlePhones
	}
	r.noImages = g.chance(w.BlockedBox) || g.chance(w.TextOnly)
	return r
}

// message simulates one message to r.
func (g *generator) message(r *recipient) Message {
	w := &g.world
	m := Message{Recipient: r.id, Bounced: g.chance(w.Bounces), Read: g.chance(r.habit)}
	if m.Bounced {
		m.Read = false
		return m
	}
	if r.scanned {
		m.Fetches = append(m.Fetches, Fetch{g.seconds(1, 40), "security_scanner", "scanner_network"})
	}
	if r.cloaked && !r.noImages {
		m.Fetches = append(m.Fetches, Fetch{g.seconds(2, 60), "human_direct", "browser"})
	}
	if r.apple && !r.noImages && g.chance(r.prefetch) {
		m.Fetches = append(m.Fetches, g.relay(g.seconds(30, 6*3600)))
	}
	if !m.Read {
		return m
	}
	m.Clicked = g.chance(r.click)
	if r.noImages || g.chance(w.BlockedMail) {
		return m
	}
	at := g.delay()
	elsewhere := r.elsewhere && g.chance(w.ElsewhereP)
	if r.apple && !elsewhere {
		// Whether the relay fetched the image before or fetches it now: both
		// look alike.
		m.Fetches = append(m.Fetches, g.relay(at))
		return m
	}
	for range 1 + g.rand.IntN(3) {
		m.Fetches = append(m.Fetches, g.person(at))
		at += g.seconds(60, 86400)
	}
	return m
}

// relay is a fetch by Apple's privacy relay.
func (g *generator) relay(after time.Duration) Fetch {
	if g.world.Unlisted {
		return Fetch{after, "unknown", "apple_mail_unplaced"}
	}
	return Fetch{after, "machine_prefetch", "apple_mpp"}
}

// person returns a fetch by a person.
func (g *generator) person(after time.Duration) Fetch {
	switch {
	case g.chance(g.world.Unknown):
		return Fetch{after, "unknown", "other"}
	case g.chance(0.5):
		return Fetch{after, "proxy_human", "proxy_gmail"}
	}
	return Fetch{after, "human_direct", "browser"}
}

// delay is the time to the first look: log-normal, median 3 hours, at most 20 days.
func (g *generator) delay() time.Duration {
	hours := 3 * math.Exp(1.6*g.rand.NormFloat64())
	return min(time.Duration(hours*float64(time.Hour)), 20*24*time.Hour)
}

func (g *generator) seconds(from, to int) time.Duration {
	return time.Duration(from+g.rand.IntN(to-from)) * time.Second
}

// beta draws from the beta distribution with that mean and sum of parameters.
func (g *generator) beta(mean, sum float64) float64 {
	if mean <= 0 || mean >= 1 {
		return min(max(mean, 0), 1)
	}
	a, b := g.gamma(mean*sum), g.gamma((1-mean)*sum)
	if a+b == 0 {
		return mean
	}
	return a / (a + b)
}

// gamma draws from the gamma distribution with that shape and scale 1
// (Marsaglia and Tsang 2000, ACM TOMS 26).
func (g *generator) gamma(shape float64) float64 {
	if shape < 1 {
		return g.gamma(shape+1) * math.Pow(g.rand.Float64(), 1/shape)
	}
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := g.rand.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v *= v * v
		if math.Log(g.rand.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}
