package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"glint/cli/internal/output"
)

const (
	// requestPatience is how long one request may take; no mail client waits as long.
	requestPatience = 15 * time.Second
	// maxBody of an answer is read; ours are far smaller.
	maxBody = 1 << 20
)

// exchange is one answer with its whole body.
type exchange struct {
	*http.Response
	body []byte
}

// client asks the server at root, and takes what it says as it comes: no
// redirect is followed, nothing is decompressed.
type client struct {
	root   *url.URL
	http   *http.Client
	silent bool // a request had no whole answer in time, so no other one is sent
}

// errSilent is returned for requests to a server that has let an earlier one wait. A
// dozen checks that each wait in vain would say no more than the first.
var errSilent = errors.New("not asked, since the server did not answer an earlier request")

func (o *options) newClient(root *url.URL) (c *client, closeIdle func()) {
	t := &http.Transport{
		Proxy:              http.ProxyFromEnvironment,
		TLSClientConfig:    o.tls(),
		DisableCompression: true,
		ForceAttemptHTTP2:  true,
	}
	return &client{root: root, http: &http.Client{
		Transport:     t,
		Timeout:       o.patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, t.CloseIdleConnections
}

// do sends a request for path, which goes out as it is written here.
func (c *client) do(ctx context.Context, method, path string) (*exchange, error) {
	if c.silent {
		return nil, errSilent
	}
	u := *c.root
	u.Opaque = path
	req := (&http.Request{
		Method: method, URL: &u, Host: c.root.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"User-Agent": {"glint-doctor"}, "Accept": {"image/*,*/*;q=0.8"}},
	}).WithContext(ctx)
	resp, err := c.http.Do(req)
	if err != nil {
		if e, isURL := errors.AsType[*url.Error](err); isURL {
			err = e.Err // the URL may hold the test's token, and is known
		}
		return nil, fmt.Errorf("no answer: %w", c.hung(ctx, err))
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return nil, fmt.Errorf("the answer breaks off: %w", c.hung(ctx, err))
	}
	return &exchange{resp, body}, nil
}

// hung returns err, in plain words if the request took too long. From then on the client
// asks nothing.
func (c *client) hung(ctx context.Context, err error) error {
	if timeout, ok := errors.AsType[net.Error](err); !ok || !timeout.Timeout() || ctx.Err() != nil {
		return err
	}
	c.silent = true
	return fmt.Errorf("it took longer than %s, so this server is asked nothing more", output.Duration(c.http.Timeout))
}

// status returns an error for an answer of another status than want.
func (x *exchange) status(want int) error {
	if location := x.Header.Get("Location"); x.StatusCode/100 == 3 {
		return fmt.Errorf("redirects to %s (status %d)", shorten(location), x.StatusCode)
	}
	if x.StatusCode != want {
		return fmt.Errorf("status %d instead of %d", x.StatusCode, want)
	}
	return nil
}

// shorten keeps findings on a line.
func shorten(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
