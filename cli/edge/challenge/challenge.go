// Package challenge implements Fastly's challenge, by which an ingest admits a service's
// log lines: Fastly fetches a page of the log endpoint's host, and posts only if that
// page has the service's line, or "*" for any service.
// Source: Fastly's guide "Log streaming: HTTPS", RFC 8615.
//
// This package is the client side; ingest's server answers.
package challenge

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
)

// Path is the path of the page on the host.
const Path = "/.well-known/fastly/logging/challenge"

// Any is the line that admits every service.
const Any = "*"

// maxBytes is the maximum number of bytes that are read of the page: about 1,000 services.
const maxBytes = 64 << 10

// ErrAnswer is wrapped by errors about a page that Fastly would not accept.
var ErrAnswer = errors.New("challenge: not answered as Fastly wants it")

// Line returns the line that admits a service: the SHA-256 of its id, in hex.
func Line(serviceID string) string {
	sum := sha256.Sum256([]byte(serviceID))
	return hex.EncodeToString(sum[:])
}

// Fetch returns the lines of the page of the ingest at base, a URL without a
// final slash. It returns ErrAnswer for a status other than 200, including a redirect if client
// does not follow redirects.
func Fetch(ctx context.Context, client *http.Client, base string) ([]string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+Path, nil)
	if err != nil {
		return nil, fmt.Errorf("ask for the challenge: %w", err)
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask for the challenge: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w: status %d", ErrAnswer, resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBytes))
	if err != nil {
		return nil, fmt.Errorf("read the challenge: %w", err)
	}
	lines := strings.Fields(string(body))
	if len(lines) == 0 {
		return nil, fmt.Errorf("%w: an empty page", ErrAnswer)
	}
	return lines, nil
}

// Admits reports whether the lines let the service log.
func Admits(lines []string, serviceID string) bool {
	return slices.Contains(lines, Any) || slices.Contains(lines, Line(serviceID))
}
