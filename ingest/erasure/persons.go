package erasure

import (
	"github.com/google/uuid"

	"glint/ingest/mention"
)

// Persons holds normalized addresses and the messages that were sent to them.
type Persons struct {
	Addresses map[string]bool
	Messages  map[uuid.UUID]bool
}

// Named reports whether a text contains one of the addresses or message ids.
func (p *Persons) Named(text []byte) bool {
	return mention.Messages(text, func(id uuid.UUID) bool { return p.Messages[id] }) ||
		mention.Addresses(text, func(address string) bool { return p.Addresses[address] })
}
