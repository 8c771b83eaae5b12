package worlds

import (
	"fmt"
	"math/rand/v2"
)

// Seed is the seed of the worlds that make worlds judges. It was fixed before
// any estimator was run on them.
const Seed = 20261128

// plain is a list of consumers, a good part of them with Apple Mail.
var plain = World{
	Recipients: 4000, Campaigns: 9, First: 6, MeanHabit: 0.40, Spread: 2.5,
	AppleShare: 0.45, AppleHabit: 1, Elsewhere: 0.25, ElsewhereP: 0.6, Prefetch: 0.92, IdlePhones: 0.92,
	Scanned: 0.05, Unknown: 0.01, Joiners: 0.02, Bounces: 0.01, ClickP: 0.12, Clicks: true,
}

// Named returns the named worlds, each of which differs from plain in one
// respect.
func Named() []World {
	var all []World
	add := func(name string, change func(*World)) {
		w := plain
		w.Name = name
		change(&w)
		all = append(all, w)
		w.Name, w.Clicks = name+", no clicks", false
		all = append(all, w)
	}
	add("Apple users alike", func(*World) {})
	add("Apple users open 25 % more", func(w *World) { w.AppleHabit = 1.25 })
	add("Apple users open 25 % less", func(w *World) { w.AppleHabit = 0.75 })
	add("idle phones fetch less", func(w *World) { w.IdlePhones = 0.3 })
	add("no list of Apple's networks", func(w *World) { w.Unlisted = true })
	add("5 % behind cloaked scanners", func(w *World) { w.Cloaked = 0.05 })
	add("10 % of opens load no image", func(w *World) { w.BlockedMail = 0.10 })
	add("20 % of opens load no image", func(w *World) { w.BlockedMail = 0.20 })
	add("30 % of opens load no image", func(w *World) { w.BlockedMail = 0.30 })
	add("40 % of opens load no image", func(w *World) { w.BlockedMail = 0.40 })
	add("15 % of recipients load no images", func(w *World) { w.BlockedBox = 0.15 })
	add("70 % Apple, 25 % more", func(w *World) { w.AppleShare, w.AppleHabit = 0.70, 1.25 })
	add("no Apple users", func(w *World) { w.AppleShare = 0 })
	add("no Apple users, 25 % without image", func(w *World) { w.AppleShare, w.BlockedMail = 0, 0.25 })
	add("first campaign", func(w *World) { w.Campaigns, w.First = 1, 0 })
	add("first campaign, idle phones", func(w *World) { w.Campaigns, w.First, w.IdlePhones = 1, 0, 0.3 })
	add("second campaign", func(w *World) { w.Campaigns, w.First = 2, 1 })
	add("30 % new recipients", func(w *World) { w.Joiners = 0.30 })
	add("text-only list", func(w *World) { w.TextOnly = 1 })
	add("half of the list gets text only", func(w *World) { w.TextOnly = 0.5 })
	add("a small list", func(w *World) { w.Recipients = 300 })
	add("a cold list", func(w *World) { w.MeanHabit = 0.06 })
	add("a warm list", func(w *World) { w.MeanHabit = 0.75 })
	add("everybody uses Apple Mail", func(w *World) { w.AppleShare = 1 })
	return all
}

// Random returns n worlds with parameters in the ranges reported in practice:
// Apple Mail on 0 to 80 % of a list, images blocked in 0 to 30 % of opens,
// Apple's users opening 0.75 to 1.33 times as often. None has cloaked scanners.
func Random(n int, seed uint64) []World {
	r := rand.New(rand.NewPCG(seed, 0x776f726c64))
	between := func(low, high float64) float64 { return low + r.Float64()*(high-low) }
	all := make([]World, n)
	for i := range all {
		w := plain
		w.Name = fmt.Sprintf("random %d", i)
		w.Recipients = []int{500, 2000, 4000, 8000}[r.IntN(4)]
		w.Campaigns = 1 + r.IntN(9)
		w.First = max(0, w.Campaigns-2)
		w.MeanHabit, w.Spread = between(0.08, 0.6), between(1, 6)
		w.AppleShare, w.AppleHabit = between(0, 0.8), between(0.75, 1.33)
		w.Elsewhere, w.ElsewhereP = between(0.05, 0.5), between(0.3, 0.9)
		w.Prefetch = between(0.6, 0.97)
		w.IdlePhones = w.Prefetch * between(0.4, 1)
		w.Unlisted = r.Float64() < 0.15
		w.BlockedMail, w.BlockedBox = between(0, 0.2), between(0, 0.12)
		w.Scanned, w.Unknown = between(0, 0.2), between(0, 0.05)
		w.Joiners, w.Bounces = between(0, 0.3), between(0, 0.05)
		w.ClickP, w.Clicks = between(0.02, 0.25), r.Float64() < 0.6
		all[i] = w
	}
	return all
}

// varieties is the number of kinds of worlds of Varied, which returns them in turn.
const varieties = 12

// Varied returns n worlds that Random rarely produces: small lists, recipients
// with very different habits, first campaigns, lists that change or get text
// only, lists without Apple Mail and with nothing else, lists that load few
// images, recipients chosen by their opens, now or before. None has cloaked
// scanners. None gets text only in part without known clicks, since it looks
// like a list that reads less.
func Varied(n int, seed uint64) []World {
	r := rand.New(rand.NewPCG(seed, 0x766172696564))
	between := func(low, high float64) float64 { return low + r.Float64()*(high-low) }
	all := make([]World, n)
	for i := range all {
		w := plain
		w.Recipients = 50 + r.IntN(451)
		w.Campaigns = 1 + r.IntN(6)
		w.First = max(0, w.Campaigns-2)
		w.MeanHabit, w.Spread = between(0.05, 0.7), between(0.3, 1.5)
		w.AppleShare, w.AppleHabit = between(0.2, 0.7), between(0.75, 1.33)
		w.Prefetch = between(0.6, 0.97)
		w.IdlePhones = w.Prefetch * between(0.4, 1)
		w.BlockedMail, w.Joiners = between(0, 0.3), between(0, 0.1)
		w.ClickP, w.Clicks = between(0.05, 0.4), r.Float64() < 0.5
		kind := "small list"
		switch i % varieties {
		case 1:
			kind, w.Campaigns, w.First = "first campaign", 1, 0
		case 2:
			kind, w.Joiners = "new recipients", between(0.3, 0.6)
		case 3:
			kind, w.TextOnly, w.Clicks, w.ClickP = "text only for some", between(0.2, 0.6), true, between(0.3, 0.5)
			w.Recipients = 2000
		case 4:
			kind, w.AppleShare = "no Apple Mail", 0
		case 5:
			kind, w.AppleShare = "Apple Mail only", 1
		case 6:
			kind, w.Spread, w.Recipients = "habits apart", 0.3, 4000
		case 7:
			kind, w.BlockedMail, w.Clicks = "images blocked", between(0.25, 0.4), r.Float64() < 0.25
			w.Recipients = 2000
		case 8:
			kind, w.Campaigns, w.First, w.Recipients = "first campaign, few fetches", 1, 0, 2000
			w.AppleShare, w.Prefetch = between(0.5, 0.8), between(0.5, 0.8)
			w.IdlePhones = w.Prefetch
		case 9:
			kind, w.Chosen, w.Recipients = "history of chosen recipients", Before, 2000
			w.Campaigns = 3 + r.IntN(4)
			w.First = w.Campaigns - 1
		case 10:
			kind, w.Chosen, w.Recipients = "sent to chosen recipients", Now, 2000
			w.Campaigns = 2 + r.IntN(5)
			w.First = w.Campaigns - 1
		case 11:
			kind, w.TextOnly, w.Clicks = "text only, no clicks", 1, false
		}
		w.Name = fmt.Sprintf("varied %d, %s", i, kind)
		all[i] = w
	}
	return all
}
