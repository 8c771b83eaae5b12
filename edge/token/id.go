package token

import (
	"encoding/hex"
	"errors"
	"strconv"
)

// CampaignID identifies a campaign: 64 random bits, decimal as text, as the
// warehouse writes it.
type CampaignID uint64

func (id CampaignID) String() string { return strconv.FormatUint(uint64(id), 10) }

// MessageID identifies one message to one recipient: a UUID.
type MessageID [16]byte

// ErrMessageID is returned by ParseMessageID.
var ErrMessageID = errors.New("token: not a UUID")

// String returns the usual 36 characters, lower case.
func (id MessageID) String() string {
	b := make([]byte, 0, 36)
	for i, n := 0, 0; i < 16; i += n {
		if n = 2; i == 0 {
			n = 4
		} else {
			b = append(b, '-')
		}
		if i == 10 {
			n = 6
		}
		b = hex.AppendEncode(b, id[i:i+n])
	}
	return string(b)
}

// ParseMessageID reads the 36 characters of a UUID in any case.
func ParseMessageID(s string) (MessageID, error) { return parseMessageID(s) }

func parseMessageID[T string | []byte](s T) (id MessageID, err error) {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return id, ErrMessageID
	}
	ok := decodeHex(id[0:4], s[0:8]) && decodeHex(id[4:6], s[9:13]) && decodeHex(id[6:8], s[14:18]) &&
		decodeHex(id[8:10], s[19:23]) && decodeHex(id[10:16], s[24:36])
	if !ok {
		return MessageID{}, ErrMessageID
	}
	return id, nil
}
