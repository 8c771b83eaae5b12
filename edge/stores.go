package main

import (
	"github.com/fastly/compute-sdk-go/configstore"
	"github.com/fastly/compute-sdk-go/kvstore"
	"github.com/fastly/compute-sdk-go/secretstore"

	"glint/edge/pixel"
	"glint/edge/privacy"
	"glint/edge/token"
)

// The names of what a service may have; all of it is optional.
const (
	secretStore = "glint" // secret pixel_keys: a token key ring in its text form
	configStore = "glint" // item ip_precision: truncated, full or none
	kvStore     = "glint" // a key for each withdrawn message; `glint edge sync` writes them
)

// openRing returns the key ring, or nil if it is missing: tokens then stay
// unchecked, and nothing is lost, since ingest opens them again.
func openRing() *token.Ring {
	store, err := secretstore.Open(secretStore)
	if err != nil {
		return nil
	}
	secret, err := store.Get("pixel_keys")
	if err != nil {
		return nil
	}
	text, err := secret.Plaintext()
	if err != nil {
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
