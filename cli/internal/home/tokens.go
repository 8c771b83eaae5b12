package home

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"glint/ingest/host/atomicfile"
	"glint/ingest/receiver"
)

// The errors about tokens.
var (
	ErrNoToken     = errors.New("home: there is no such token")
	ErrTokenExists = errors.New("home: there is such a token already")
)

// TokensFile returns the default file of further ingest tokens.
func (h Home) TokensFile() string { return h.path("tokens") }

// ReadTokens returns the tokens of a file, which may be missing.
func ReadTokens(file string) ([]receiver.Token, error) {
	_, tokens, err := readTokens(file)
	return tokens, err
}

func readTokens(file string) (text string, tokens []receiver.Token, err error) {
	text, err = readPrivate(file)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil, nil
	}
	if err != nil {
		return "", nil, fmt.Errorf("read tokens: %w", err)
	}
	if tokens, err = receiver.ParseTokens([]byte(text)); err != nil {
		err = fmt.Errorf("read %s: %w", file, err)
	}
	return text, tokens, err
}

// NewToken returns a token with a random secret, to be stored by AddToken.
// Errors: receiver.ErrToken, ErrTokenExists.
func NewToken(file, label string, scopes []string) (receiver.Token, error) {
	line := label + ":" + strings.Join(scopes, ",") + ":" + rand.Text()
	parsed, err := receiver.ParseTokens([]byte(line))
	if err != nil || len(parsed) != 1 || parsed[0].Label != label {
		return receiver.Token{}, errors.Join(receiver.ErrToken, errors.Unwrap(err))
	}
	tokens, err := ReadTokens(file)
	if err == nil && slices.ContainsFunc(tokens, func(t receiver.Token) bool { return t.Label == label }) {
		err = ErrTokenExists
	}
	return parsed[0], err
}

// AddToken appends a token to a file.
func (h Home) AddToken(file string, t receiver.Token) error {
	return h.changeTokens(file, func(text string, tokens []receiver.Token) (string, error) {
		if slices.ContainsFunc(tokens, func(o receiver.Token) bool { return o.Label == t.Label }) {
			return "", ErrTokenExists
		}
		if text != "" && !strings.HasSuffix(text, "\n") {
			text += "\n"
		}
		return text + t.Label + ":" + t.ScopeList() + ":" + t.Secret + "\n", nil
	})
}

// RevokeToken removes all tokens with that label from a file, or returns
// ErrNoToken.
func (h Home) RevokeToken(file, label string) error {
	return h.changeTokens(file, func(text string, tokens []receiver.Token) (string, error) {
		if !slices.ContainsFunc(tokens, func(t receiver.Token) bool { return t.Label == label }) {
			return "", ErrNoToken
		}
		var kept strings.Builder
		for line := range strings.Lines(text) {
			if !strings.HasPrefix(strings.TrimSpace(line), label+":") {
				kept.WriteString(line)
			}
		}
		return kept.String(), nil
	})
}

// changeTokens replaces the text of a tokens file. It waits for concurrent
// updates.
func (h Home) changeTokens(file string, change func(text string, tokens []receiver.Token) (string, error)) error {
	if err := h.Make(); err != nil {
		return err
	}
	unlock, err := lock(filepath.Dir(file))
	if err != nil {
		return fmt.Errorf("lock the tokens: %w", err)
	}
	defer unlock()
	text, tokens, err := readTokens(file)
	if err != nil {
		return err
	}
	if text, err = change(text, tokens); err != nil {
		return err
	}
	if err := atomicfile.WriteFile(file, []byte(text)); err != nil {
		return fmt.Errorf("keep tokens: %w", err)
	}
	return nil
}
