package main

import (
	"github.com/fastly/compute-sdk-go/configstore"
	"github.com/fastly/compute-sdk-go/kvstore"

	"glint/edge/pixel"
	"glint/edge/privacy"
	"glint/edge/token"
)

// The names of the service's stores; every item is optional.
const (
	// Secrets: pixel_keys, a token key ring in its text form; visitor_secret,
	// for telling the visitors of a site apart; events_token, for servers that
	// post events.
	secretStore = "glint"
	// Items: ip_precision, which is truncated, full or none; privacy_signals,
	// which is ignore, aggregate or off; sites, NAME=ORIGIN[,ORIGIN…] separated
	// by line feeds or semicolons.
	configStore = "glint"
	kvStore     = "glint" // one key per withdrawn message; `glint edge sync` writes them
)

// openRing returns the key ring, or nil if it is missing. Tokens are then
// unchecked and nothing is lost: ingest opens them again.
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

// openPrecision returns the configured precision. A missing or invalid value
// gives the default, which keeps less than the full address.
func openPrecision() pixel.Precision {
	p, _ := pixel.ParsePrecision(setting("ip_precision"))
	return p
}

// openSignals returns the configured treatment of privacy signals, with the
// same fallback as ParseSignals.
func openSignals() privacy.Signals {
	s, _ := privacy.ParseSignals(setting("privacy_signals"))
	return s
}

// setting returns an item of the config store, or "" if it is missing.
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

// openWithdrawals returns the look-up of withdrawn messages, or nil if the
// service has no such store: ingest applies withdrawals in any case. For the
// same reason a failed look-up keeps the line.
func openWithdrawals() func(token.MessageID) privacy.Fate {
	store, err := kvstore.Open(kvStore)
	if err != nil {
		return nil
	}
	return func(id token.MessageID) privacy.Fate {
		entry, err := store.Lookup(privacy.WithdrawalKey(id))
		if err != nil { // usually kvstore.ErrKeyNotFound
			return privacy.Keep
		}
		return privacy.ParseFate(entry.String())
	}
}
