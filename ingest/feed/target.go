package feed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ErrURL is wrapped by errors about the URL of a target.
var ErrURL = errors.New("feed: the target's URL is refused")

// Limits of one request. A target that needs longer should accept the event and process it
// later.
const (
	dialTimeout   = 5 * time.Second
	sendTimeout   = 15 * time.Second
	maxAnswer     = 64 << 10 // bytes that are read of an answer, so that the connection can be reused
	maxHeader     = 64 << 10
	maxRetryAfter = time.Hour
)

// CheckURL parses the URL of a target. It returns ErrURL unless the scheme is https or, if
// allowPrivate is set, http on this machine. The resolved address is checked at each
// connection.
func CheckURL(text string, allowPrivate bool) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "" || u.Opaque != "":
		return nil, fmt.Errorf("%w: want one like https://example.com/hooks/glint", ErrURL)
	case u.User != nil || u.Fragment != "":
		return nil, fmt.Errorf("%w: it has a user or a fragment; requests are signed, see glint webhook secret", ErrURL)
	case u.Scheme == "http" && !allowPrivate:
		return nil, fmt.Errorf("%w: want https; http is for a program on this machine, with --webhook-allow-private", ErrURL)
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, fmt.Errorf("%w: want https", ErrURL)
	}
	if addr, err := netip.ParseAddr(u.Hostname()); err == nil {
		if err := checkAddress(addr, allowPrivate); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrURL, err)
		}
	}
	return u, nil
}

// target is the receiver of events.
type target struct {
	url     *url.URL
	dialer  *net.Dialer
	client  *http.Client
	secrets func() ([]Secret, error)
}

// newTarget returns a target that connects only to allowed addresses. It checks the
// address that the socket connects to, so that a name cannot resolve to another address
// after the check. It does not use proxies of the environment, since they would resolve the
// name themselves.
func newTarget(u *url.URL, allowPrivate bool, secrets func() ([]Secret, error)) *target {
	dialer := &net.Dialer{Timeout: dialTimeout, Control: func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrAddress, err)
		}
		if u.Scheme == "http" && !at.Addr().Unmap().IsLoopback() {
			return fmt.Errorf("%w: http is for this machine only, want https", ErrAddress)
		}
		return checkAddress(at.Addr(), allowPrivate)
	}}
	return &target{url: u, dialer: dialer, secrets: secrets, client: &http.Client{
		Timeout:       sendTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: dialer.DialContext, MaxResponseHeaderBytes: maxHeader, MaxIdleConnsPerHost: senders,
			ForceAttemptHTTP2: true, IdleConnTimeout: time.Minute, DisableCompression: true,
		},
	}}
}

// fate is the outcome of a try.
type fate int

const (
	done   fate = iota
	failed      // another try may succeed
	gone        // 410: the target accepts no more events
)

// post sends one event once. wait is the pause that the target asks for.
func (t *target) post(ctx context.Context, id string, body []byte) (f fate, wait time.Duration, err error) {
	secrets, err := t.secrets()
	if err != nil {
		return failed, 0, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url.String(), bytes.NewReader(body))
	if err != nil {
		return failed, 0, ErrURL // the URL may contain a secret
	}
	at := time.Now()
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "glint")
	r.Header.Set("Webhook-Id", id)
	r.Header.Set("Webhook-Timestamp", strconv.FormatInt(at.Unix(), 10))
	r.Header.Set("Webhook-Signature", sign(secrets, id, at, body))
	answer, err := t.client.Do(r)
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	if err != nil {
		return failed, 0, fmt.Errorf("post to the webhook: %w", err)
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, maxAnswer)) // only its status matters
	_ = answer.Body.Close()
	switch {
	case answer.StatusCode/100 == 2:
		return done, 0, nil
	case answer.StatusCode == http.StatusGone:
		return gone, 0, errors.New("the webhook answered 410, which ends the feed")
	case answer.StatusCode/100 == 3:
		return failed, 0, fmt.Errorf("the webhook answered %d, and redirects are not followed; give the URL behind it", answer.StatusCode)
	}
	return failed, retryAfter(answer), fmt.Errorf("the webhook answered %d", answer.StatusCode)
}

// retryAfter returns the delay in the header Retry-After, if it is in seconds (RFC 9110, section 10.2.3).
func retryAfter(answer *http.Response) time.Duration {
	seconds, err := strconv.Atoi(strings.TrimSpace(answer.Header.Get("Retry-After")))
	if err != nil || seconds < 0 {
		return 0
	}
	return min(time.Duration(min(seconds, int(maxRetryAfter/time.Second)))*time.Second, maxRetryAfter)
}
