package receiver

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"

	"glint/ingest/host/reload"
)

// Scope is the access that a token gives.
type Scope string

// The scopes.
const (
	ScopeLogs       Scope = "logs"       // POST /v1/logs
	ScopeSends      Scope = "sends"      // POST /v1/sends
	ScopeDeliveries Scope = "deliveries" // POST /v1/deliveries
	ScopeConsent    Scope = "consent"    // POST /v1/consent
)

// allScopes lists the scopes; the index of each is its bit in a set of scopes.
var allScopes = [...]Scope{ScopeLogs, ScopeSends, ScopeDeliveries, ScopeConsent}

// Token authenticates a client. Several tokens may share a label, so that a
// token can be replaced: add the new one, move the clients, remove the old one.
type Token struct {
	Label  string // name of the sender; a label of metrics and of stored bodies
	Scopes []Scope
	Secret string
}

// ScopeList returns the scopes in the form of a tokens file.
func (t *Token) ScopeList() string {
	scopes := make([]string, len(t.Scopes))
	for i, s := range t.Scopes {
		scopes[i] = string(s)
	}
	return strings.Join(scopes, ",")
}

// ErrToken is wrapped by every error about tokens. No error contains a secret.
var ErrToken = errors.New("server: token")

// minSecretBytes is the shortest secret: a shorter one could be guessed.
const minSecretBytes = 16

func (t *Token) validate() error {
	if t.Label == "" || len(t.Label) > 32 || strings.Trim(t.Label, "abcdefghijklmnopqrstuvwxyz0123456789_-") != "" {
		return fmt.Errorf("%w: a label has 1 to 32 of a-z, 0-9, _ and -", ErrToken)
	}
	if len(t.Scopes) == 0 {
		return fmt.Errorf("%w: %s has no scope", ErrToken, t.Label)
	}
	for _, s := range t.Scopes {
		if s.set() == 0 {
			return fmt.Errorf("%w: %s has an unknown scope; there are logs, sends, deliveries and consent", ErrToken, t.Label)
		}
	}
	if len(t.Secret) < minSecretBytes {
		return fmt.Errorf("%w: the secret of %s has less than %d characters", ErrToken, t.Label, minSecretBytes)
	}
	for _, c := range []byte(t.Secret) {
		if c <= ' ' || c > '~' {
			return fmt.Errorf("%w: the secret of %s has a space or a character outside ASCII", ErrToken, t.Label)
		}
	}
	return nil
}

// ParseTokens reads a tokens file, one token per line:
//
//	label:scope[,scope]:secret
//
// Empty lines and lines that begin with # are skipped. The secret is the rest
// of the line, so it may contain colons.
func ParseTokens(text []byte) ([]Token, error) {
	var tokens []Token
	for i, line := range bytes.Split(text, []byte{'\n'}) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		parts := strings.SplitN(string(line), ":", 3)
		if len(parts) != 3 {
			return nil, fmt.Errorf("%w: line %d: want label:scope[,scope]:secret", ErrToken, i+1)
		}
		t := Token{Label: parts[0], Secret: parts[2]}
		for scope := range strings.SplitSeq(parts[1], ",") {
			t.Scopes = append(t.Scopes, Scope(strings.TrimSpace(scope)))
		}
		if err := t.validate(); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		tokens = append(tokens, t)
	}
	return tokens, nil
}

// scopes is a set of Scope.
type scopes uint8

func (s Scope) set() scopes {
	for i, known := range allScopes {
		if s == known {
			return 1 << i
		}
	}
	return 0
}

func (s scopes) has(scope Scope) bool { return s&scope.set() != 0 }

// ring is a list of tokens prepared for comparison.
type ring []ringToken

type ringToken struct {
	digest [sha256.Size]byte
	label  string
	scopes scopes
}

func newRing(tokens []Token) (ring, error) {
	if len(tokens) == 0 {
		return nil, fmt.Errorf("%w: the list is empty", ErrToken)
	}
	r := make(ring, 0, len(tokens))
	for i := range tokens {
		t := &tokens[i]
		if err := t.validate(); err != nil {
			return nil, err
		}
		n := ringToken{digest: sha256.Sum256([]byte(t.Secret)), label: t.Label}
		for _, s := range t.Scopes {
			n.scopes |= s.set()
		}
		for _, o := range r {
			if o.digest == n.digest {
				return nil, fmt.Errorf("%w: %s and %s have the same secret", ErrToken, o.label, n.label)
			}
		}
		r = append(r, n)
	}
	return r, nil
}

// Tokens are the tokens that a server accepts. It is safe for concurrent use.
type Tokens struct {
	get func() ring
}

// NewTokens returns a list that does not change.
func NewTokens(tokens ...Token) (*Tokens, error) {
	r, err := newRing(tokens)
	if err != nil {
		return nil, err
	}
	return &Tokens{func() ring { return r }}, nil
}

// OpenTokens returns the fixed tokens and the tokens of a file, which only its
// owner may read, and reloads the file when it changes. A reload is logged, and
// so is an error, after which the old tokens stay valid. Logger may be nil. A
// file that is invalid from the start admits no token; the fixed tokens, which
// must be valid, stay admitted. A missing file is an error unless mayMiss is
// set: then it counts as empty.
func OpenTokens(file string, mayMiss bool, logger *slog.Logger, fixed ...Token) (*Tokens, error) {
	return openTokens(file, logger, reload.Options{MayMiss: mayMiss}, fixed...)
}

func openTokens(file string, logger *slog.Logger, o reload.Options, fixed ...Token) (*Tokens, error) {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	o.Changed = func() { logger.Info("tokens file taken anew") }
	o.Fault = func(err error) { logger.Error("tokens file not taken, the tokens of before stay in use", "error", err) }
	alone, err := newRing(fixed)
	if err != nil {
		return nil, err
	}
	value := reload.OpenOr(o, alone, func() (ring, error) {
		err := reload.CheckPrivate(file, 0o077)
		if o.MayMiss && errors.Is(err, fs.ErrNotExist) {
			return alone, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrToken, err)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrToken, err)
		}
		tokens, err := ParseTokens(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		return newRing(append(tokens, fixed...))
	}, file)
	return &Tokens{value.Get}, nil
}

// Labels returns the labels of all tokens with that scope, each once.
func (t *Tokens) Labels(scope Scope) []string {
	var labels []string
	for _, n := range t.get() {
		if n.scopes.has(scope) && !slices.Contains(labels, n.label) {
			labels = append(labels, n.label)
		}
	}
	return labels
}

// identify returns the label and the scopes of the token in the Authorization
// header. It compares digests with every token, so that its duration reveals
// nothing about any of them. Two headers are refused, since either could be
// meant.
func (t *Tokens) identify(headers []string) (label string, s scopes, ok bool) {
	if len(headers) != 1 {
		return "", 0, false
	}
	scheme, secret, _ := strings.Cut(headers[0], " ")
	digest := sha256.Sum256([]byte(strings.Trim(secret, " ")))
	found := -1
	r := t.get()
	for i := range r {
		same := subtle.ConstantTimeCompare(digest[:], r[i].digest[:])
		found = subtle.ConstantTimeSelect(same, i, found)
	}
	if found < 0 || !strings.EqualFold(scheme, "Bearer") {
		return "", 0, false
	}
	return r[found].label, r[found].scopes, true
}
