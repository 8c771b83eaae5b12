package feed

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Secret is a key that signs requests. Its text is "whsec_" and base64, the form of the
// libraries of https://www.standardwebhooks.com.
type Secret []byte

const secretPrefix = "whsec_"

// The sizes that the specification allows, and the size of new secrets, in bytes.
const (
	minSecretBytes = 24
	maxSecretBytes = 64
	newSecretBytes = 32
)

// ErrSecret is returned for an invalid text. The error never contains the text.
var ErrSecret = errors.New("feed: a secret is whsec_ and 24 to 64 bytes of base64")

// NewSecret returns a random secret.
func NewSecret() Secret {
	s := make(Secret, newSecretBytes)
	_, _ = rand.Read(s) // never fails
	return s
}

// String returns the text of the secret.
func (s Secret) String() string { return secretPrefix + base64.StdEncoding.EncodeToString(s) }

// ParseSecrets parses one secret per line, the current one first. All of them sign, so
// that the receiver can switch from one to the next at any time. Empty lines and lines that
// begin with # are skipped. Errors: ErrSecret.
func ParseSecrets(text string) (all []Secret, err error) {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		encoded, found := strings.CutPrefix(line, secretPrefix)
		s, err := base64.StdEncoding.DecodeString(encoded)
		if !found || err != nil || len(s) < minSecretBytes || len(s) > maxSecretBytes {
			return nil, ErrSecret
		}
		all = append(all, s)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%w; there is none", ErrSecret)
	}
	return all, nil
}

// sign returns the header webhook-signature: the HMAC-SHA256 of "id.timestamp.body" by
// each secret.
func sign(secrets []Secret, id string, at time.Time, body []byte) string {
	var all []string
	for _, s := range secrets {
		mac := hmac.New(sha256.New, s)
		mac.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "."))
		mac.Write(body)
		all = append(all, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(all, " ")
}
