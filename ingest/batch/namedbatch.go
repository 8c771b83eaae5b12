package batch

import (
	"time"

	"glint/ingest/host/inorder"
)

// namedBatch is a batch from its decision to its acknowledgement.
type namedBatch struct {
	Manifest
	bodies  []Body
	isRetry bool // an earlier Run may have tried it
	place   *inorder.Item[*namedBatch]
}

// oldest returns when its first record was received, or zero if all records are
// in quarantine.
func (b *namedBatch) oldest() (at time.Time) {
	for i := range b.bodies {
		if at.IsZero() || b.bodies[i].ReceivedAt.Before(at) {
			at = b.bodies[i].ReceivedAt
		}
	}
	return at
}

// free releases the memory of the records.
func (b *namedBatch) free() {
	for i := range b.bodies {
		if b.bodies[i].Free != nil {
			b.bodies[i].Free()
		}
	}
	b.bodies = nil
}
