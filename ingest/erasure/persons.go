package erasure

import (
	"github.com/google/uuid"

	"glint/ingest/mention"
)

// Persons are addresses, normalized, and the messages that were sent to them.
type Persons struct {
	Addresses map[string]bool
	Messages  map[uuid.UUID]bool
}

// Named reports whether a text names one of the addresses or messages.
func (p *Persons) Named(text []byte) bool {
	return mention.Messages(text, func(id uuid.UUID) bool { return p.Messages[id] }) ||
		mention.Addresses(text, func(address string) bool { return p.Addresses[address] })
}
