package sqltest

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// The model of the random test: the rows of an account, and the definitions of
// the report in plain Go, message by message (recount_test.go).

type campaign struct {
	id     uint64
	name   string
	madeAt time.Time
}

// send is a row of sends. Some recipients get two messages of a campaign;
// recipient 0 has no key.
type send struct {
	campaign     uint64
	message      int
	state        string
	tracking     string
	test         bool
	registration int // 0, or one that is complete (1) or not (2)
	sentAt       time.Time
}

type open struct {
	campaign uint64
	message  int
	openedAt time.Time
	suspect  string
	event    uint64
	class    string
	reason   string
	path     string
	ruleset  int
	verdict  int
}

type delivery struct {
	campaign   uint64
	message    int
	kind       string
	at         time.Time
	link       uint64
	class      string
	userAgent  string
	ip         string
	bounceType string
	automatic  bool
	verdict    int
}

type world struct {
	campaigns  []campaign
	sends      []send
	opens      []open
	deliveries []delivery
}

var verdicts = [][2]string{
	{"unknown", "no_rule"},
	{"unknown", "apple_mail_unplaced"},
	{"human_direct", "browser"},
	{"proxy_human", "gmail_proxy"},
	{"machine_prefetch", "apple_mpp_relay"},
	{"machine_prefetch", "apple_mpp_prefetch"},
	{"machine_prefetch", "gmail_prefetch"},
	{"security_scanner", "prefix"},
	{"bot", "bot"},
	{"http_library", "library"},
	{"link_preview", "preview"},
	{"headless", "headless"},
	{"not_image", "fetch_dest"},
}

var kinds = []string{"sent", "delivered", "deferred", "bounced", "complained", "clicked", "clicked", "unsubscribed", "replied", "converted"}

const day = 24 * time.Hour

// newWorld returns an account of campaigns with that number of messages each. The last
// campaign stays empty. The second is sent 90 days after the first, to the
// second; the last but one has clicks in plenty.
func newWorld(random *rand.Rand, messages int) *world {
	w := &world{}
	start := time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)
	starts := []time.Time{start, start.Add(90 * day), start.Add(120 * day), start.Add(150 * day), start.Add(151 * day), start}
	for i, at := range starts {
		// Ids beyond 2^63 too.
		w.campaigns = append(w.campaigns, campaign{random.Uint64(), fmt.Sprintf("Größe %d; -- \\'", i), at.Add(-day)})
	}
	for i, c := range w.campaigns[:len(w.campaigns)-1] {
		for message := range messages {
			if random.IntN(10) > 0 {
				w.sends = append(w.sends, newSend(random, c.id, message, starts[i]))
			}
		}
		for range 3 * messages {
			// Messages of the upper half are rarely opened, so that all mixes of classes occur.
			message := random.IntN(messages)
			if random.IntN(20) > 0 {
				message = random.IntN(messages / 2)
			}
			w.opens = append(w.opens, newOpen(random, c.id, message, starts[i]))
		}
		for range messages / (5 - i) {
			w.deliveries = append(w.deliveries, newDelivery(random, c.id, random.IntN(messages), starts[i]))
		}
	}
	return w
}

func newSend(random *rand.Rand, campaign uint64, message int, start time.Time) send {
	s := send{campaign: campaign, message: message, tracking: "identified", sentAt: start.Add(time.Duration(random.IntN(7200)) * time.Second)}
	s.state = []string{"registered", "delivered", "registered", "bounced"}[random.IntN(4)]
	if random.IntN(10) == 0 {
		s.tracking = []string{"pseudonymous", "last_open", "aggregate", "off"}[random.IntN(4)]
	}
	s.test = random.IntN(15) == 0
	s.registration = []int{0, 1, 0, 1, 0, 1, 0, 2}[random.IntN(8)]
	switch random.IntN(8) {
	case 0:
		s.sentAt = time.Time{}
	case 1:
		s.sentAt = start
	}
	return s
}

func newOpen(random *rand.Rand, campaign uint64, message int, start time.Time) open {
	verdict := verdicts[random.IntN(len(verdicts))]
	return open{
		campaign: campaign, message: message, suspect: []string{"none", "none", "none", "before_token", "after_receipt"}[random.IntN(5)],
		openedAt: start.Add(time.Duration(random.Int64N(60*24*3600*1000)) * time.Millisecond),
		event:    random.Uint64(), class: verdict[0], reason: verdict[1], path: []string{"", "", "", "/o/x%2Fy"}[random.IntN(4)], ruleset: 1, verdict: 65534,
	}
}

func newDelivery(random *rand.Rand, campaign uint64, message int, start time.Time) delivery {
	d := delivery{
		campaign: campaign, message: message, kind: kinds[random.IntN(len(kinds))], class: "unknown", ip: "::", verdict: 65534,
		at: start.Add(time.Duration(random.Int64N(10*24*3600*1000)) * time.Millisecond), automatic: random.IntN(3) == 0,
	}
	switch d.kind {
	case "clicked":
		d.link = random.Uint64()
		d.class = []string{"unknown", "human_direct", "proxy_human", "security_scanner"}[random.IntN(4)]
		d.userAgent = []string{"", "Mozilla/5.0"}[random.IntN(2)]
		d.ip = []string{"::", "2001:db8::"}[random.IntN(2)]
	case "bounced":
		d.bounceType = []string{"", "permanent", "transient", "undetermined"}[random.IntN(4)]
	}
	return d
}

// judgeAgain gives every event another verdict, as a judgement does.
func (w *world) judgeAgain(random *rand.Rand) {
	for i := range w.opens {
		verdict := verdicts[random.IntN(len(verdicts))]
		w.opens[i].class, w.opens[i].reason, w.opens[i].verdict = verdict[0], verdict[1], 65537
	}
	for i := range w.deliveries {
		if d := &w.deliveries[i]; d.kind == "clicked" {
			d.class, d.verdict = []string{"human_direct", "bot"}[random.IntN(2)], 65537
		}
	}
}

// withNewerRules are repeats which a newer rule set judged differently: they
// must not count.
func withNewerRules(opens []open) []open {
	repeats := append([]open(nil), opens...)
	for i := range repeats {
		verdict := verdicts[i%len(verdicts)]
		repeats[i].class, repeats[i].reason, repeats[i].ruleset, repeats[i].verdict = verdict[0], verdict[1], 2, 65533
	}
	return repeats
}

func (w *world) campaignRows() []string {
	var rows []string
	for _, c := range w.campaigns {
		rows = append(rows, fmt.Sprintf("(%d, '%s', '%s', 'k')", c.id, quoted(c.name), c.madeAt.Format(time.DateTime)))
	}
	return rows
}

func (w *world) sendRows() []string {
	var rows []string
	for _, s := range w.sends {
		sentAt := "0"
		if !s.sentAt.IsZero() {
			sentAt = "'" + s.sentAt.Format(time.DateTime) + "'"
		}
		rows = append(rows, fmt.Sprintf("(%d, '%s', 'r%d@example.com', %d, '%s', '%s', '%s', %t, %d, %s)", s.campaign, messageID(s.message),
			s.recipient(), s.recipient(), s.domain(), s.state, s.tracking, s.test, s.registration, sentAt))
	}
	return rows
}

func (s send) recipient() int {
	if s.message%3 == 0 {
		return s.message / 2
	}
	return s.message
}

const millisecondsSQL = "2006-01-02 15:04:05.000"

func (o open) row() string {
	return fmt.Sprintf("(%d, '%s', '%s', %d, '%s', '%s', '%s', '%s', %d, %d, %s)", o.campaign, messageID(o.message),
		o.openedAt.Format(millisecondsSQL), o.event, o.suspect, o.class, o.reason, o.path, o.ruleset, o.verdict, o.factsRow())
}

func (d delivery) row() string {
	return fmt.Sprintf("(%d, '%s', '%s', '%s', %d, '%s', '%s', '%s', '%s', %t, %d)", d.campaign, messageID(d.message), d.kind,
		d.at.Format(millisecondsSQL), d.link, d.class, d.userAgent, d.ip, d.bounceType, d.automatic, d.verdict)
}

func messageID(message int) string { return fmt.Sprintf("00000000-0000-8000-8000-%012x", message) }

func quoted(s string) string { return strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) }

// wilson returns the two proportions at which the observed one lies z standard
// errors away, found by bisection of (p - q)² = z² q (1 - q) / n in 200 bits:
// the definition of the score interval and not its closed form.
func wilson(successes, n uint64) (low, high float64) {
	p := new(big.Float).SetPrec(200).Quo(newBig(float64(successes)), newBig(float64(n)))
	excess := func(q *big.Float) int {
		distance := new(big.Float).Sub(p, q)
		distance.Mul(distance, distance).Mul(distance, newBig(float64(n)))
		variance := new(big.Float).Sub(newBig(1), q)
		variance.Mul(variance, q).Mul(variance, newBig(1.959963984540054)).Mul(variance, newBig(1.959963984540054))
		return distance.Cmp(variance)
	}
	// Beyond the interval the distance is larger than z standard errors.
	bisect := func(outside, inside *big.Float) float64 {
		for range 150 {
			middle := new(big.Float).Add(outside, inside)
			middle.Quo(middle, newBig(2))
			if excess(middle) > 0 {
				outside = middle
			} else {
				inside = middle
			}
		}
		edge, _ := inside.Float64()
		return edge
	}
	return bisect(newBig(0), p), bisect(newBig(1), p)
}

func newBig(x float64) *big.Float { return new(big.Float).SetPrec(200).SetFloat64(x) }

func ratio(part, whole uint64) *float64 {
	if whole == 0 {
		return nil
	}
	quotient := float64(part) / float64(whole)
	return &quotient
}

func one(condition bool) uint64 {
	if condition {
		return 1
	}
	return 0
}

// classes lists "class opens_total unique_opens" of one campaign, sorted.
func (w *world) classes(c campaign) []string {
	total, messages := map[string]int{}, map[string]map[int]bool{}
	registered := map[int]bool{}
	for _, s := range w.sends {
		if s.campaign == c.id && s.counts() && (s.tracking == "identified" || s.tracking == "pseudonymous") {
			registered[s.message] = true
		}
	}
	for _, o := range w.opens {
		if o.campaign == c.id && registered[o.message] && o.class != "not_image" {
			total[o.class]++
			if messages[o.class] == nil {
				messages[o.class] = map[int]bool{}
			}
			messages[o.class][o.message] = true
		}
	}
	var rows []string
	for class, n := range total {
		rows = append(rows, fmt.Sprintf("%s %d %d", class, n, len(messages[class])))
	}
	slices.Sort(rows)
	return rows
}

// counts reports whether the message is registered and no test.
func (s send) counts() bool { return s.registration != 2 && !s.test }
