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

func pixelURL(base string, style Style, ring *token.Ring, campaign uint64, issuedAt uint32, id uuid.UUID) (string, error) {
	if style == StyleUUID {
		return base + "/pixel/" + id.String() + ".png", nil
	}
	text, err := ring.Sign(token.Token{Campaign: token.CampaignID(campaign), Message: token.MessageID(id), IssuedAt: issuedAt})
	if err != nil {
		return "", fmt.Errorf("sign pixel URL: %w", err)
	}
	return base + "/o/" + text + ".gif", nil
}
