package sends

import (
	"fmt"

	"github.com/google/uuid"

	"glint/edge/token"
)

// Style is the form of a pixel URL.
type Style string

// The styles.
const (
	StyleToken Style = "token" // /o/<token>.gif: signed, needs no look-up
	StyleUUID  Style = "uuid"  // /pixel/<uuid>.png: for senders that know only an id
)

// urls makes the pixel URLs of one campaign.
type urls struct {
	base     string
	style    Style
	ring     *token.Ring
	campaign token.CampaignID
	issuedAt uint32
}

// append appends to dst the URL of a message, or of the stratum with that id.
func (u *urls) append(dst []byte, id uuid.UUID, mode token.Mode) ([]byte, error) {
	dst = append(dst, u.base...)
	if u.style == StyleUUID {
		dst = append(dst, "/pixel/"...)
		dst = append(dst, id.String()...)
		return append(dst, ".png"...), nil
	}
	dst = append(dst, "/o/"...)
	dst, err := u.ring.AppendSigned(dst, token.Token{Campaign: u.campaign, Message: token.MessageID(id), Mode: mode, IssuedAt: u.issuedAt})
	if err != nil {
		return nil, fmt.Errorf("sign pixel URL: %w", err)
	}
	return append(dst, ".gif"...), nil
}
