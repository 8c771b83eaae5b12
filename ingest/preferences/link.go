// Package preferences is the page on which a recipient sees what is measured of the
// mail, and refuses it or agrees: /preferences/<link>.
//
// A link names the recipient by a keyed hash and is signed by a separate key, derived
// from a pixel key, since a pixel's token is in logs of CDNs and in forwarded
// mail: neither works in place of the other. GET and HEAD change nothing, because
// scanners follow links. A POST with the secret of a page that was shown records a
// choice, and a one-click POST (RFC 8058 §3.2) without it may only refuse. To agree
// needs a link of another kind, which only the operator makes and sends; see Agreement.
//
// A link is 38 bytes, written in base64url without padding, 51 characters: a token
// has 54.
//
//	byte   0    1 … 1   2 … 17       18 … 21     22 … 37
//	     +----+-------+------------+-----------+---------+
//	     |v|k | key   | recipient  | time      | tag     |
//	     +----+-------+------------+-----------+---------+
//	     v  4 bits    format version, 1
//	     k  4 bits    kind: 0 page, 1 agreement
//	     key          id of the pixel key from which the link's key is made
//	     recipient    recipient_key of the table sends
//	     time         seconds since 1970, big endian: of a page its end, of an agreement when it was made
//	     tag          the first 128 bits of HMAC-SHA256(the link's key, bytes 0 … 21)
package preferences

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash"
	"time"

	"glint/edge/token"
	"glint/ingest/warehouse"
)

// Path is the path of the page, before the link.
const Path = "/preferences/"

// Kind is the purpose of a link.
type Kind uint8

// The kinds.
const (
	Page      Kind = iota // shows the page, which may refuse
	Agreement             // also allows to agree, for a short time and until the next choice
	kinds
)

// AgreementTime is the validity of a link of the kind Agreement.
const AgreementTime = 72 * time.Hour

const (
	linkVersion = 1
	linkData    = 1 + 1 + 16 + 4
	linkSize    = linkData + 16
)

// LinkLen is the length of a link in characters.
const LinkLen = 51

// ErrLink is returned for a text that is not a valid link. It has no reason,
// which would help to guess.
var ErrLink = errors.New("preferences: no link that holds")

// ErrNoKey is returned by NewSigner without a signing key.
var ErrNoKey = errors.New("preferences: there is no signing key")

// Link holds the data of a link.
type Link struct {
	Kind      Kind
	Recipient warehouse.RecipientKey
	IssuedAt  time.Time // when an Agreement was made; zero for a Page
}

// Ring opens links. It is safe for concurrent use.
type Ring struct{ keys map[uint8]linkKeys }

// linkKeys are the keys derived from one pixel key.
type linkKeys struct{ link, page []byte }

// NewRing returns the ring for links whose pixel key is signing or verifying.
func NewRing(ring *token.Ring) *Ring {
	r := &Ring{keys: map[uint8]linkKeys{}}
	for _, k := range ring.Keys() {
		if k.State != token.Revoked {
			r.keys[k.ID] = keysOf(&k)
		}
	}
	return r
}

// keysOf derives keys for the two purposes: RFC 5869.
func keysOf(k *token.Key) linkKeys {
	derive := func(purpose string) []byte {
		key, err := hkdf.Key(sha256.New, k.Secret[:], nil, purpose, sha256.Size)
		if err != nil { // only for an excessive length
			panic(err)
		}
		return key
	}
	return linkKeys{derive("glint preferences link v1"), derive("glint preferences page v1")}
}

// Signer creates links. It is not safe for concurrent use.
type Signer struct {
	id  uint8
	mac hash.Hash
	sum []byte
}

// NewSigner returns a signer with the ring's signing key, or ErrNoKey.
func NewSigner(ring *token.Ring) (*Signer, error) {
	for _, k := range ring.Keys() {
		if k.State == token.Signing {
			return &Signer{id: k.ID, mac: hmac.New(sha256.New, keysOf(&k).link)}, nil
		}
	}
	return nil, ErrNoKey
}

// AppendPage appends the link of a recipient's page. It is valid until the end
// of the third year after now's, so that all links made in one year are equal.
func (s *Signer) AppendPage(dst []byte, recipient warehouse.RecipientKey, now time.Time) []byte {
	return s.append(dst, Page, recipient, time.Date(now.UTC().Year()+4, 1, 1, 0, 0, 0, 0, time.UTC))
}

// AppendAgreement appends a link by which the recipient may agree, valid for
// AgreementTime and until the recipient makes a choice after now.
func (s *Signer) AppendAgreement(dst []byte, recipient warehouse.RecipientKey, now time.Time) []byte {
	return s.append(dst, Agreement, recipient, now)
}

func (s *Signer) append(dst []byte, kind Kind, recipient warehouse.RecipientKey, at time.Time) []byte {
	var raw [linkSize]byte
	raw[0], raw[1] = linkVersion<<4|byte(kind), s.id
	copy(raw[2:], recipient[:])
	binary.BigEndian.PutUint32(raw[18:], uint32(at.Unix()))
	s.mac.Reset()
	s.mac.Write(raw[:linkData])
	s.sum = s.mac.Sum(s.sum[:0])
	copy(raw[linkData:], s.sum)
	return base64.RawURLEncoding.AppendEncode(dst, raw[:])
}

// Open returns the data of a link, or ErrLink.
func (r *Ring) Open(text string, now time.Time) (l Link, err error) {
	if len(text) != LinkLen {
		return l, ErrLink
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) != linkSize || raw[0]>>4 != linkVersion || Kind(raw[0]&0xf) >= kinds {
		return l, ErrLink
	}
	keys, ok := r.keys[raw[1]]
	if !ok || !hmac.Equal(tag(keys.link, raw[:linkData]), raw[linkData:]) {
		return l, ErrLink
	}
	l.Kind, l.Recipient = Kind(raw[0]&0xf), warehouse.RecipientKey(raw[2:18])
	at := time.Unix(int64(binary.BigEndian.Uint32(raw[18:])), 0).UTC()
	end := at
	if l.Kind == Agreement {
		l.IssuedAt, end = at, at.Add(AgreementTime)
	}
	if !now.Before(end) {
		return Link{}, ErrLink
	}
	return l, nil
}

// tag returns the first 128 bits of an HMAC-SHA256.
func tag(key []byte, parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, key)
	for _, part := range parts {
		mac.Write(part)
	}
	return mac.Sum(nil)[:16]
}

// secretTime is the time for which a page's form may be sent after it was shown.
const secretTime = 24 * time.Hour

// Secret returns the secret for a page of the link, which Check accepts. It is
// bound to the name of the text on the page.
func (r *Ring) Secret(link, text string, now time.Time) string {
	until := binary.BigEndian.AppendUint32(nil, uint32(now.Add(secretTime).Unix()))
	return base64.RawURLEncoding.EncodeToString(append(until, tag(r.pageKey(link), until, []byte(link), []byte(text))...))
}

// Check reports whether a secret was made for a page of the link with that text within
// the last day.
func (r *Ring) Check(secret, link, text string, now time.Time) bool {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(secret)
	if err != nil || len(raw) != 4+16 {
		return false
	}
	until := time.Unix(int64(binary.BigEndian.Uint32(raw)), 0)
	return hmac.Equal(tag(r.pageKey(link), raw[:4], []byte(link), []byte(text)), raw[4:]) && now.Before(until) && until.Before(now.Add(2*secretTime))
}

// pageKey returns the key for the secrets of a link that Open has accepted.
func (r *Ring) pageKey(link string) []byte {
	var raw [3]byte
	_, _ = base64.RawURLEncoding.Decode(raw[:], []byte(link[:4])) // Open has decoded it
	return r.keys[raw[1]].page
}

// URL returns the address of a link's page.
func URL(base string, link []byte) string { return base + Path + string(link) }
