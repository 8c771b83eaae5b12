package sends

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"

	"github.com/google/uuid"
)

// Deriver derives the message ids of one campaign. It is not safe for
// concurrent use.
type Deriver struct {
	mac hash.Hash
	sum [sha256.Size]byte
	buf []byte
}

// NewDeriver returns the Deriver of the campaign with that key.
func NewDeriver(idKey [32]byte) *Deriver {
	return &Deriver{mac: hmac.New(sha256.New, idKey[:])}
}

// MessageID returns the id of the message to a normalized recipient: a UUIDv8
// (RFC 9562 §5.8) from HMAC-SHA256(key, recipient, 0, sequence). Without the
// key an id cannot be traced to a recipient; with it, registering twice gives
// the same id.
func (d *Deriver) MessageID(recipient string, sequence uint32) uuid.UUID {
	d.buf = append(append(d.buf[:0], recipient...), 0)
	d.buf = binary.BigEndian.AppendUint32(d.buf, sequence)
	d.mac.Reset()
	d.mac.Write(d.buf)
	id := uuid.UUID(d.mac.Sum(d.sum[:0])[:16])
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return id
}
