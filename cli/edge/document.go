package edge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"glint/cli/internal/app"
	"glint/ingest/host/backoff"
)

// refusal is the error for an answer of Fastly's API with a status other than 2xx.
type refusal struct {
	method, path string
	status       int
	reason       string
	after        time.Duration // from Retry-After; 0: not given
}

func (r *refusal) Error() string {
	return fmt.Sprintf("ask Fastly's API, %s %s: status %d%s", r.method, r.path, r.status, r.reason)
}

// isFinal reports whether a repeated request would be refused again.
func (r *refusal) isFinal() bool {
	return r.status/100 == 4 && r.status != http.StatusTooManyRequests && r.status != http.StatusRequestTimeout
}

// isForbidden reports whether the token lacks permission.
func (r *refusal) isForbidden() bool {
	return r.status == http.StatusUnauthorized || r.status == http.StatusForbidden
}

// Limits of patient's retries: a withdrawal must be in the store within a minute.
const (
	patientTries = 4
	firstPause   = time.Second
	longestPause = 20 * time.Second
)

// patient is document with retries after transient errors: no answer, 429 and 5xx. It waits
// for the time in Retry-After, at most 20 s.
func (a *api) patient(ctx context.Context, method, path, contentType string, body []byte, into any) error {
	pauses := backoff.Backoff{First: firstPause, Last: longestPause}
	for try := 1; ; try++ {
		err := a.document(ctx, method, path, contentType, body, into)
		refused, ok := errors.AsType[*refusal](err)
		switch {
		case err == nil:
			return nil
		case ok && refused.isForbidden():
			return app.Try(err, "export a $"+apiTokenName+" that may change KV stores, from https://manage.fastly.com/account/tokens")
		case ok && refused.isFinal(), try == patientTries, ctx.Err() != nil:
			return err
		}
		wait := pauses.Next()
		if ok && refused.after > 0 {
			wait = min(refused.after, longestPause)
		}
		if err := backoff.Sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// document sends a body of any type and decodes a JSON answer, if there is one, into into.
func (a *api) document(ctx context.Context, method, path, contentType string, body []byte, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, a.base+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("ask Fastly's API: %w", err)
	}
	req.Header.Set("Fastly-Key", a.token)
	req.Header.Set("Accept", "application/json")
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return fmt.Errorf("ask Fastly's API: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer := io.LimitReader(resp.Body, maxAPIAnswer)
	switch {
	case resp.StatusCode/100 != 2:
		seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After")) // 0: not given, or not in seconds
		return &refusal{method, path, resp.StatusCode, reason(answer), time.Duration(max(seconds, 0)) * time.Second}
	case into == nil:
		return nil
	}
	if err := json.NewDecoder(answer).Decode(into); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read the answer of Fastly's API, %s %s: %w", method, path, err)
	}
	return nil
}
