// Package classify turns the facts of one pixel request into a class and a
// reason: a person's mail client, a mail proxy acting for a person, a machine
// that loads every image, a bot.
//
// Judge reads the user agent once, adds what is known about the network, the
// headers and the time since sending, and walks an ordered table of rules
// (rules.go); the first rule that fits decides. Rules about mail come before
// generic ones, so a list of bots never overrules a mail client. The one
// exception is a user agent that calls itself a bot, crawler or spider: it is
// never a person.
//
// Guarantees: Judge is a pure function of its input and of the two windows. It
// does not allocate, and returns a valid class and a non-empty reason for every
// input. It ignores the case of letters and the amount of white space in a user
// agent. RulesetVersion changes with every change of the rules.
//
// It does not look at other requests: bursts, honeypots and fetches before
// delivery are judged later, in SQL. It has no address list beyond the few
// networks in network.go and AS numbers in owner.go. It cannot recognize a scanner
// that imitates a browser from a home network.
//
// The package is compiled into the edge program: small standard packages only,
// no maps, no regular expressions.
package classify

import (
	"math/bits"
	"time"
)

// RulesetVersion is stored beside every verdict. Any change of a rule, a word
// list, a window's default or a network table demands a new number; a test
// compares the hash of the tables with the one recorded for this number.
const RulesetVersion uint16 = 6

// Windows after sending in which a fetch is suspicious. They take part only if
// the send time is known, and never alone: see rules `fast_open` and `hosting`.
// Both count from the moment the sender handed the message over, before SMTP,
// so a sender with a slow queue needs larger ones. Set them before the first
// Judge; they are not safe to change while requests are judged.
var (
	// FastWindow: 61 % of one sender's scanner opens came within 10 s
	// (github.com/putyourlightson/craft-campaign/issues/546, 2026-08).
	FastWindow = 10 * time.Second
	// ScannerWindow is the wider window for hosting networks and for networks
	// of mail gateways: 94 % of the same log's link sweeps came before 5 min.
	ScannerWindow = 5 * time.Minute
)

// Class is the kind of client that fetched the pixel. The numbers equal the Enum8
// of `opens.class` and never change.
type Class uint8

// The classes. HumanDirect and ProxyHuman count as opens; Unknown counts in the
// bot-filtered figure and is shown apart.
const (
	Unknown         Class = 0
	HumanDirect     Class = 1
	ProxyHuman      Class = 2
	MachinePrefetch Class = 3
	SecurityScanner Class = 4
	Bot             Class = 5
	HTTPLibrary     Class = 6
	LinkPreview     Class = 7
	Headless        Class = 8
	NotImage        Class = 9

	classCount = 10
)

var classNames = [classCount]string{
	"unknown", "human_direct", "proxy_human", "machine_prefetch", "security_scanner",
	"bot", "http_library", "link_preview", "headless", "not_image",
}

// String returns the name used in tables, JSON and reports; "unknown" for a number
// that is no class.
func (c Class) String() string {
	if c < classCount {
		return classNames[c]
	}
	return classNames[Unknown]
}

// Request holds the facts of one fetch. Every field may be zero.
type Request struct {
	Method      string // empty means GET
	UserAgent   string
	RefererHost string // host of the Referer, without port
	// Network is the result of Network for the whole address; if it is empty,
	// the proxy fields decide.
	Network          string
	ASNumber         uint32 // 0 means not known
	ProxyType        string // Fastly's client.geo.proxy_type
	ProxyDescription string // Fastly's client.geo.proxy_description
	Headers          HeaderFacts
	Signals          Signals
	Protocol         string        // HTTP version, as in HTTP/1.1
	JA4              string        // fingerprint of the TLS client
	BotDetection     string        // the platform's: verified, detected, none; empty: it was not asked
	SinceSend        time.Duration // request time minus send time
	SentKnown        bool          // false: SinceSend means nothing
}

// Verdict is a class and the name of the rule that gave it. Reasons of Apple
// Mail Privacy Protection begin with "apple_mpp"; the views rely on it.
type Verdict struct {
	Class  Class
	Reason string
}

// Judge classifies one request. It is safe for concurrent use.
func Judge(r *Request) Verdict {
	seen := read(r.UserAgent)
	return decide(&seen, seen.known(r))
}

// decide returns the verdict of the first rule that fits; the last one fits
// everything.
func decide(seen *reading, known traits) Verdict {
	todo := uint64(always)
	for t := known; t != 0; t &= t - 1 {
		todo |= concerned[bits.TrailingZeros64(uint64(t))]
	}
	for ; todo != 0; todo &= todo - 1 {
		rule := &rules[bits.TrailingZeros64(todo)]
		if !rule.fits(known) {
			continue
		}
		if rule.reason == "" {
			return Verdict{rule.class, seen.proxy.reason}
		}
		return Verdict{rule.class, rule.reason}
	}
	return Verdict{Unknown, "other"}
}
