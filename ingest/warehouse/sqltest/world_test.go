package sqltest

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// The model of the random test: the rows, and the definitions of the report in
// plain Go, message by message.

type campaign struct {
	id   uint64
	name string
}

type send struct {
	campaign uint64
	message  int
	state    string
}

type open struct {
	campaign uint64
	message  int
	openedAt time.Time
	event    uint64
	class    string
	reason   string
	ruleset  int
	verdict  int
}

type world struct {
	campaigns []campaign
	sends     []send
	opens     []open
}

// report is one row of campaign_report; a nil rate is NULL.
type report struct {
	CampaignID         uint64   `json:"campaign_id,string"`
	Campaign           string   `json:"campaign"`
	Sends              uint64   `json:"sends,string"`
	Delivered          uint64   `json:"delivered,string"`
	OpensTotal         uint64   `json:"opens_total,string"`
	UniqueOpens        uint64   `json:"unique_opens,string"`
	BotFiltered        uint64   `json:"bot_filtered_unique_opens,string"`
	Reliable           uint64   `json:"reliable_unique_opens,string"`
	MPPOnly            uint64   `json:"mpp_only,string"`
	AdjustedRate       *float64 `json:"mpp_adjusted_open_rate"`
	RateLow            *float64 `json:"open_rate_low"`
	RateHigh           *float64 `json:"open_rate_high"`
	CILow              *float64 `json:"ci_low"`
	CIHigh             *float64 `json:"ci_high"`
	FirstOpenAt        *string  `json:"first_open_at"`
	LastOpenAt         *string  `json:"last_open_at"`
	UnregisteredTotal  uint64   `json:"unregistered_opens_total,string"`
	UnregisteredUnique uint64   `json:"unregistered_unique_opens,string"`
	Tests              uint64   `json:"tests,string"`
}

var verdicts = [][2]string{
	{"unknown", "no_rule"},
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

func newWorld(random *rand.Rand) *world {
	w := &world{}
	for i := range randomCampaigns {
		// Ids beyond 2^63 too. The last campaign stays empty.
		w.campaigns = append(w.campaigns, campaign{random.Uint64(), fmt.Sprintf("Größe %d; -- \\'", i)})
	}
	used := w.campaigns[:randomCampaigns-1]
	for _, c := range used {
		for message := range randomMessages {
			if random.IntN(10) > 0 {
				w.sends = append(w.sends, send{c.id, message, []string{"registered", "delivered", "bounced"}[random.IntN(3)]})
			}
		}
	}
	start := time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)
	for range randomOpens {
		// Messages of the upper half are rarely opened, so that all mixes of classes occur.
		message := random.IntN(randomMessages)
		if random.IntN(20) > 0 {
			message = random.IntN(randomMessages / 2)
		}
		verdict := verdicts[random.IntN(len(verdicts))]
		w.opens = append(w.opens, open{
			campaign: used[random.IntN(len(used))].id, message: message,
			openedAt: start.Add(time.Duration(random.Int64N(60*24*3600*1000)) * time.Millisecond),
			event:    random.Uint64(), class: verdict[0], reason: verdict[1], ruleset: 1, verdict: 65534,
		})
	}
	return w
}

// judgeAgain gives every event another verdict, as a judgement does.
func (w *world) judgeAgain(random *rand.Rand) {
	for i := range w.opens {
		verdict := verdicts[random.IntN(len(verdicts))]
		w.opens[i].class, w.opens[i].reason, w.opens[i].verdict = verdict[0], verdict[1], 65537
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
		rows = append(rows, fmt.Sprintf("(%d, '%s', '2026-01-01 00:00:00', 'k')", c.id, quoted(c.name)))
	}
	return rows
}

func (w *world) sendRows() []string {
	var rows []string
	for _, s := range w.sends {
		rows = append(rows, fmt.Sprintf("(%d, '%s', 'r%d@example.com', '%s')", s.campaign, messageID(s.message), s.message, s.state))
	}
	return rows
}

func (o open) row() string {
	return fmt.Sprintf("(%d, '%s', '%s', %d, '%s', '%s', %d, %d)",
		o.campaign, messageID(o.message), o.openedAt.Format("2006-01-02 15:04:05.000"), o.event, o.class, o.reason, o.ruleset, o.verdict)
}

func messageID(message int) string { return fmt.Sprintf("00000000-0000-8000-8000-%012x", message) }

func quoted(s string) string { return strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) }

// report counts one campaign message by message.
func (w *world) report(c campaign) report {
	r := report{CampaignID: c.id, Campaign: c.name}
	registered := map[int]string{}
	for _, s := range w.sends {
		if s.campaign == c.id {
			registered[s.message] = s.state
		}
	}
	var reliable, mpp, unknown, opened, strangers [randomMessages]bool
	for _, o := range w.opens {
		if o.campaign != c.id || o.class == "not_image" {
			continue
		}
		if registered[o.message] == "" {
			r.UnregisteredTotal++
			strangers[o.message] = true
			continue
		}
		r.OpensTotal++
		opened[o.message] = true
		reliable[o.message] = reliable[o.message] || o.class == "human_direct" || o.class == "proxy_human"
		mpp[o.message] = mpp[o.message] || o.class == "machine_prefetch" && strings.HasPrefix(o.reason, "apple_mpp")
		unknown[o.message] = unknown[o.message] || o.class == "unknown"
		r.seen(o.openedAt.Format("2006-01-02 15:04:05.000"))
	}
	unknownOnly := uint64(0)
	for message, state := range registered {
		r.Sends++
		r.Delivered += one(state != "bounced" || opened[message])
		r.UniqueOpens += one(opened[message])
		r.BotFiltered += one(reliable[message] || mpp[message] || unknown[message])
		r.Reliable += one(reliable[message])
		r.MPPOnly += one(mpp[message] && !reliable[message])
		unknownOnly += one(unknown[message] && !reliable[message] && !mpp[message])
	}
	for _, stranger := range strangers {
		r.UnregisteredUnique += one(stranger)
	}
	r.addRates(unknownOnly)
	return r
}

func (r *report) seen(at string) {
	if r.FirstOpenAt == nil || at < *r.FirstOpenAt {
		r.FirstOpenAt = &at
	}
	if r.LastOpenAt == nil || at > *r.LastOpenAt {
		r.LastOpenAt = &at
	}
}

func (r *report) addRates(unknownOnly uint64) {
	r.AdjustedRate = ratio(r.Reliable, r.Delivered-r.MPPOnly)
	r.RateLow = ratio(r.Reliable, r.Delivered)
	r.RateHigh = ratio(r.Reliable+r.MPPOnly+unknownOnly, r.Delivered)
	if r.AdjustedRate != nil {
		low, high := wilson(r.Reliable, r.Delivered-r.MPPOnly)
		r.CILow, r.CIHigh = &low, &high
	}
}

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
	registered := map[int]bool{}
	for _, s := range w.sends {
		if s.campaign == c.id {
			registered[s.message] = true
		}
	}
	total, messages := map[string]int{}, map[string]map[int]bool{}
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
