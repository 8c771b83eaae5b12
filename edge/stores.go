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
	// Items: ip_precision, which is truncated, full or none; sites, NAME=ORIGIN[,ORIGIN…]
	// a line or before a semicolon.
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
	store, err := configstore.Open(configStore)
	if err != nil {
		return pixel.Truncated
	}
	text, err := store.Get("ip_precision")
	if err != nil {
		return pixel.Truncated
	}
	p, _ := pixel.ParsePrecision(text)
	return p
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
