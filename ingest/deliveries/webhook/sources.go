// Package webhook authenticates posts of events: some providers cannot send a
// token of glint, so a source has a secret in its path, or signs its posts.
//
//	path      a secret after the source's name in the URL
//	ecdsa     SendGrid's signed Event Webhook
//	hmac      Mailgun's signature
//	sns       Amazon SNS: its certificate, for one topic
//
// The only requests that it makes are for a certificate of SNS and for the
// confirmation of a subscription, over HTTPS, to the topic's own AWS host,
// without following redirects. Errors contain no secrets.
//
// Mailgun's signature covers a time and a token but not the event, so one older
// than a day is refused. Other posts may be repeated: events that are already
// stored change nothing.
package webhook

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"glint/ingest/deliveries"
	"glint/ingest/host/reload"
)

// ErrFile is wrapped by every error about the file of sources. No error
// contains a secret.
var ErrFile = errors.New("webhook: faulty file of sources")

// ErrProof is returned by Check for a post without a sufficient proof.
var ErrProof = errors.New("webhook: the post is not the source's")

// minSecretBytes is the shortest secret in a path.
const minSecretBytes = 16

// proof is one way in which a source authenticates its posts.
type proof struct {
	name   string
	format deliveries.Format
	method string
	value  []byte // digest of a secret, key, or topic
	key    *ecdsa.PublicKey
}

// parse reads a file of sources, one proof per line:
//
//	name:format:method:value
//
// name is a part of the URL; format is one of deliveries.Formats; method and
// value are path and a secret, ecdsa and SendGrid's verification key, hmac and
// Mailgun's signing key, or sns and the ARN of a topic. A source may have
// several lines of one format, any of which suffices, so that a secret can be
// replaced. Empty lines and lines that begin with # are skipped.
func parse(text []byte) ([]proof, error) {
	var all []proof
	for i, line := range bytes.Split(text, []byte{'\n'}) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		parts := strings.SplitN(string(line), ":", 4)
		if len(parts) != 4 {
			return nil, fmt.Errorf("%w: line %d: want name:format:method:value", ErrFile, i+1)
		}
		p, err := newProof(parts[0], deliveries.Format(parts[1]), parts[2], parts[3])
		if err != nil {
			return nil, fmt.Errorf("%w: line %d: %w", ErrFile, i+1, err)
		}
		for _, other := range all {
			if other.name == p.name && other.format != p.format {
				return nil, fmt.Errorf("%w: line %d: the source %s has another format above", ErrFile, i+1, p.name)
			}
		}
		all = append(all, p)
	}
	return all, nil
}

func newProof(name string, format deliveries.Format, method, value string) (proof, error) {
	p := proof{name: name, format: format, method: method, value: []byte(value)}
	if name == "" || len(name) > 32 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") != "" {
		return p, errors.New("a name has 1 to 32 of a-z, 0-9, _ and -")
	}
	if !slices.Contains(deliveries.Formats, format) {
		return p, errors.New("the format is unknown")
	}
	switch method {
	case "path":
		if len(value) < minSecretBytes || strings.ContainsAny(value, "/?#% \t") {
			return p, fmt.Errorf("a secret in a path has %d characters at least, without / ? # %% and blanks", minSecretBytes)
		}
		sum := sha256.Sum256([]byte(value))
		p.value = sum[:]
	case "ecdsa":
		der, err := base64.StdEncoding.DecodeString(value)
		if err != nil {
			return p, errors.New("the verification key is not base64")
		}
		key, err := x509.ParsePKIXPublicKey(der)
		var ok bool
		if p.key, ok = key.(*ecdsa.PublicKey); err != nil || !ok {
			return p, errors.New("the verification key is no ECDSA key")
		}
	case "hmac":
		if len(value) < minSecretBytes {
			return p, fmt.Errorf("the signing key has less than %d characters", minSecretBytes)
		}
	case "sns":
		if _, err := topicHost(value); err != nil {
			return p, err
		}
	default:
		return p, errors.New("the method is not one of path, ecdsa, hmac, sns")
	}
	return p, nil
}

// Sources are the sources in a file. A nil Sources is empty. It is safe for
// concurrent use.
type Sources struct {
	get func() []proof
	now func() time.Time
	sns *sns
}

// Options are all optional.
type Options struct {
	Transport http.RoundTripper // for SNS; nil: a transport without proxies from the environment
	Now       func() time.Time
	Changed   func()
	Fault     func(error) // called with each error after which the old sources stay
}

// Open returns the sources in a file, which only its owner may read, and
// reloads it when it changes. A missing file counts as empty.
func Open(file string, o Options) (*Sources, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	value, err := reload.Open(reload.Options{MayMiss: true, Changed: o.Changed, Fault: o.Fault}, func() ([]proof, error) {
		text, err := os.ReadFile(file)
		if errors.Is(err, os.ErrNotExist) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrFile, err)
		}
		if err := reload.CheckPrivate(file, 0o077); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrFile, err)
		}
		all, err := parse(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		return all, nil
	}, file)
	if err != nil {
		return nil, err
	}
	return &Sources{get: value.Get, now: o.Now, sns: newSNS(o.Transport, o.Now)}, nil
}

// Post is a post for a source.
type Post struct {
	Source string // its name in the URL
	Secret string // path segment after it; "" if absent
	Header http.Header
	Body   []byte // decoded
	Form   map[string]string
}

// Check returns the format of a source's post, or an error that wraps ErrProof.
// handled means that the post contains no events and has been processed: a
// subscription was confirmed.
func (s *Sources) Check(ctx context.Context, p *Post) (format deliveries.Format, handled bool, err error) {
	if s == nil {
		return "", false, ErrProof
	}
	err = ErrProof
	digest := sha256.Sum256([]byte(p.Secret))
	for _, one := range s.get() {
		if one.name != p.Source {
			continue
		}
		var why error
		switch one.method {
		case "path":
			if subtle.ConstantTimeCompare(digest[:], one.value) == 1 {
				return one.format, false, nil
			}
			why = ErrProof
		case "ecdsa":
			why = checkECDSA(one.key, p)
		case "hmac":
			why = checkHMAC(one.value, p, s.now())
		case "sns":
			handled, why = s.sns.check(ctx, string(one.value), p.Body)
		}
		if why == nil {
			return one.format, handled, nil
		}
		err = why
	}
	return "", false, err
}

// Knows reports whether a source of that name exists. If not, the body need not
// be read.
func (s *Sources) Knows(source string) bool {
	return s != nil && slices.ContainsFunc(s.get(), func(p proof) bool { return p.name == source })
}
