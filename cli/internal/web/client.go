package web

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"time"

	"glint/cli/internal/output"
)

// ErrEnded means that the pages or the session have ended.
var ErrEnded = errors.New("web: the pages have ended")

// maxText is the maximum size of one picture of a terminal.
const maxText = 1 << 20

// Follow signs in as a viewer by a link of its own, and calls show with the live page
// as text, whenever it changes, until ctx ends or show returns an error, which it
// returns. It returns ErrEnded when the pages end.
func Follow(ctx context.Context, base, key string, style output.Style, show func(text string) error) error {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	transport := &http.Transport{ResponseHeaderTimeout: 30 * time.Second} // no proxy: the pages are this machine's
	defer transport.CloseIdleConnections()
	client := http.Client{Jar: jar, Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	get := func(address string, want int) (io.ReadCloser, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
		if err != nil {
			return nil, err
		}
		response, err := client.Do(r)
		if err != nil {
			return nil, withoutLink(err)
		}
		if response.StatusCode != want {
			_ = response.Body.Close() // its status says enough
			return nil, fmt.Errorf("the pages answer %s", response.Status)
		}
		return response.Body, nil
	}
	signedIn, err := get(NewLink(base, key, Viewer, time.Now()), http.StatusSeeOther)
	if err != nil {
		return err
	}
	_ = signedIn.Close() // it holds nothing
	stream, err := get(base+textPath(style), http.StatusOK)
	if err != nil {
		return err
	}
	defer func() { _ = stream.Close() }()
	lines := bufio.NewScanner(stream)
	lines.Buffer(nil, maxText)
	for name := ""; lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
			name = value
		}
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok || name != "text" {
			continue
		}
		var text string
		if err := json.Unmarshal([]byte(data), &text); err != nil {
			return fmt.Errorf("read the live page: %w", err)
		}
		if err := show(text); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return ErrEnded
}

// withoutLink returns the cause of an error of a request, without its address: a
// link is secret.
func withoutLink(err error) error {
	for {
		cause := errors.Unwrap(err)
		if cause == nil || !strings.Contains(err.Error(), signInPath) {
			return err
		}
		err = cause
	}
}
