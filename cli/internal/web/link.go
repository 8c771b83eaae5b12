package web

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"sync"
	"time"
)

// Role is the role of a session.
type Role byte

// The roles. A viewer sees no recipients.
const (
	Viewer Role = 'v'
	Owner  Role = 'o'
)

// String returns the role's name.
func (r Role) String() string {
	if r == Owner {
		return "owner"
	}
	return "viewer"
}

// LinkLife is the validity of a link.
const LinkLife = 10 * time.Minute

// signInPath is the prefix of a link's path.
const signInPath = "/sign-in/"

// A link consists of its role, its expiry in Unix seconds as 8 bytes, 16 random bytes, and
// an HMAC-SHA256 of these with the key of the running service.
const (
	nonceBytes = 16
	bodyBytes  = 1 + 8 + nonceBytes
)

// NewLink returns a link to the pages at base, which signs one browser in with
// that role, once, until LinkLife after now.
func NewLink(base, key string, role Role, now time.Time) string {
	b := []byte{byte(role)}
	b = binary.BigEndian.AppendUint64(b, uint64(now.Add(LinkLife).Unix()))
	nonce := make([]byte, nonceBytes)
	_, _ = rand.Read(nonce) // never fails
	b = append(b, nonce...)
	return base + signInPath + base64.RawURLEncoding.EncodeToString(append(b, sign(key, b)...))
}

func sign(key string, body []byte) []byte {
	m := hmac.New(sha256.New, []byte("glint pages link\x00"+key))
	m.Write(body)
	return m.Sum(nil)
}

// errLink means that a link is not valid, or no longer. It contains no reason, so that a
// stranger learns nothing.
var errLink = errors.New("web: unusable link")

// links remembers the used links.
type links struct {
	key string

	mu   sync.Mutex
	used map[[nonceBytes]byte]time.Time // value: expiry of the link
}

func newLinks(key string) *links {
	return &links{key: key, used: map[[nonceBytes]byte]time.Time{}}
}

// redeem returns the role of an unused link and marks it as used, or returns errLink.
func (l *links) redeem(text string, now time.Time) (Role, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(text) != base64.RawURLEncoding.EncodedLen(len(b)) || len(b) != bodyBytes+sha256.Size || !hmac.Equal(sign(l.key, b[:bodyBytes]), b[bodyBytes:]) {
		return 0, errLink
	}
	role := Role(b[0])
	end := time.Unix(int64(binary.BigEndian.Uint64(b[1:])), 0)
	if role != Viewer && role != Owner || !now.Before(end) || end.After(now.Add(LinkLife+time.Minute)) {
		return 0, errLink
	}
	nonce := [nonceBytes]byte(b[9:bodyBytes])
	l.mu.Lock()
	defer l.mu.Unlock()
	for used, until := range l.used {
		if !now.Before(until) {
			delete(l.used, used)
		}
	}
	if _, was := l.used[nonce]; was {
		return 0, errLink
	}
	l.used[nonce] = end
	return role, nil
}
