package sends

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

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

// ErrBaseURL is returned for a base that no pixel is served under.
var ErrBaseURL = errors.New("sends: the pixel base URL must be like https://pixel.example.com, without a path")

// CheckBaseURL returns base without a final slash, or ErrBaseURL.
func CheckBaseURL(base string) (string, error) {
	u, err := url.Parse(strings.TrimSuffix(base, "/"))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return "", ErrBaseURL
	}
	return u.String(), nil
}

// urls makes the pixel URLs of one campaign.
type urls struct {
	base     string
	style    Style
	ring     *token.Ring
	campaign token.CampaignID
	issuedAt uint32
}

// maxLen is the length of the longest URL.
func (u *urls) maxLen() int { return len(u.base) + len("/o/.gif") + token.TextLen }

// append appends the URL of a message to dst.
func (u *urls) append(dst []byte, id uuid.UUID) ([]byte, error) {
	dst = append(dst, u.base...)
	if u.style == StyleUUID {
		dst = append(dst, "/pixel/"...)
		dst = append(dst, id.String()...)
		return append(dst, ".png"...), nil
	}
	dst = append(dst, "/o/"...)
	dst, err := u.ring.AppendSigned(dst, token.Token{Campaign: u.campaign, Message: token.MessageID(id), IssuedAt: u.issuedAt})
	if err != nil {
		return nil, fmt.Errorf("sign pixel URL: %w", err)
	}
	return append(dst, ".gif"...), nil
}
