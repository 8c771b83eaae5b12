package batch

import (
	"time"

	"glint/ingest/host/inorder"
)

// namedBatch is a batch from its decision to its acknowledgement.
type namedBatch struct {
	Manifest
	bodies  []Body
	isRetry bool // it may have been tried by an earlier Run
	place   *inorder.Item[*namedBatch]
}

// oldest is when the first of its records was received; zero without records,
// if all are in quarantine.
func (b *namedBatch) oldest() (at time.Time) {
	for i := range b.bodies {
		if at.IsZero() || b.bodies[i].ReceivedAt.Before(at) {
			at = b.bodies[i].ReceivedAt
		}
	}
	return at
}

// free lets the records go.
func (b *namedBatch) free() {
	for i := range b.bodies {
		if b.bodies[i].Free != nil {
			b.bodies[i].Free()
		}
	}
	b.bodies = nil
}
