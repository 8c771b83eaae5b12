package sends

import (
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"glint/edge/token"
)

// Style is the form of a pixel URL.
type Style string

// The styles.
const (
	StyleToken Style = "token" // /o/<token>.gif: signed, needs no look-up
	StyleUUID  Style = "uuid"  // /pixel/<uuid>.png: for senders that can insert only an id
	StyleQuery Style = "query" // /1.gif?m=<token>: a static image of any CDN, whose logs glint import reads
)

// Styles lists the names of the styles, the default first.
var Styles = []string{string(StyleToken), string(StyleUUID), string(StyleQuery)}

// ParseStyle returns the style of that name, StyleToken for "".
func ParseStyle(name string) (Style, error) {
	if name == "" {
		return StyleToken, nil
	}
	if !slices.Contains(Styles, name) {
		return "", errors.New("sends: unknown style of pixel URLs")
	}
	return Style(name), nil
}

// stored returns the style as stored with a message: a plain UUID counts only
// if it was given out.
func (s Style) stored() string {
	if s == StyleUUID {
		return string(StyleUUID)
	}
	return string(StyleToken)
}

// StaticImage is the path of the image to which StyleQuery adds the token,
// unless the base has a path.
const StaticImage = "/1.gif"

// urls creates the pixel URLs of one campaign.
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
	begin, end := "/o/", ".gif"
	if u.style == StyleQuery {
		begin, end = "?m=", ""
	}
	dst = append(dst, begin...)
	dst, err := u.ring.AppendSigned(dst, token.Token{Campaign: u.campaign, Message: token.MessageID(id), Mode: mode, IssuedAt: u.issuedAt})
	if err != nil {
		return nil, fmt.Errorf("sign pixel URL: %w", err)
	}
	return append(dst, end...), nil
}
