package main

import (
	"github.com/fastly/compute-sdk-go/configstore"
	"github.com/fastly/compute-sdk-go/kvstore"

	"glint/edge/pixel"
	"glint/edge/privacy"
	"glint/edge/token"
)

// The names of what a service may have; all of it is optional.
const (
	// Secrets: pixel_keys, a token key ring in its text form; visitor_secret, by which
	// visitors of a site are told apart; events_token, of servers that post events.
	secretStore = "glint"
	// Items: ip_precision, which is truncated, full or none; privacy_signals, which is
	// ignore, aggregate or off; sites, NAME=ORIGIN[,ORIGIN…] a line or before a semicolon.
	configStore = "glint"
	kvStore     = "glint" // a key for each withdrawn message; `glint edge sync` writes them
)

// openRing returns the key ring, or nil if it is missing: tokens then stay
// unchecked, and nothing is lost, since ingest opens them again.
func openRing() *token.Ring {
	text := openSecret("pixel_keys")
	if text == nil {
		return nil
	}
	ring, err := token.ParseRing(string(text))
	if err != nil {
		return nil
	}
	return ring
}

// openPrecision returns the default for a missing store and for a wrong value,
// which is the private side.
func openPrecision() pixel.Precision {
	p, _ := pixel.ParsePrecision(setting("ip_precision"))
	return p
}

// openSignals likewise.
func openSignals() privacy.Signals {
	s, _ := privacy.ParseSignals(setting("privacy_signals"))
	return s
}

// setting returns an item of the config store, "" where it is missing.
func setting(name string) string {
	store, err := configstore.Open(configStore)
	if err != nil {
		return ""
	}
	text, err := store.Get(name)
	if err != nil {
		return ""
	}
	return text
}

// openWithdrawals returns the look-up of withdrawn messages, or nil if the service
// has no store of them: ingest applies withdrawals in any case. A look-up that
// fails keeps the line for the same reason.
func openWithdrawals() func(token.MessageID) privacy.Fate {
	store, err := kvstore.Open(kvStore)
	if err != nil {
		return nil
	}
	return func(id token.MessageID) privacy.Fate {
		entry, err := store.Lookup(privacy.WithdrawalKey(id))
		if err != nil { // as a rule kvstore.ErrKeyNotFound
			return privacy.Keep
		}
		return privacy.ParseFate(entry.String())
	}
}
