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
	// requestPatience is the timeout of one request; no mail client waits as long.
	requestPatience = 15 * time.Second
	// maxBody is the maximum number of bytes that are read of an answer; glint's are far smaller.
	maxBody = 1 << 20
)

// exchange is one answer with its complete body.
type exchange struct {
	*http.Response
	body []byte
}

// client sends requests to the server at root and takes its answers unchanged: it follows
// no redirect and decompresses nothing.
type client struct {
	root   *url.URL
	http   *http.Client
	silent bool // a request timed out, so no further one is sent
}

// errSilent is returned for requests to a server after one of them timed out. A
// dozen more timeouts would show no more than the first.
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

// do sends a request for path, without normalizing the path.
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

// hung returns err, or a readable error if the request timed out. From then on the client
// sends no request.
func (c *client) hung(ctx context.Context, err error) error {
	if timeout, ok := errors.AsType[net.Error](err); !ok || !timeout.Timeout() || ctx.Err() != nil {
		return err
	}
	c.silent = true
	return fmt.Errorf("it took longer than %s, so this server is asked nothing more", output.Duration(c.http.Timeout))
}

// status returns an error unless the answer has the status want.
func (x *exchange) status(want int) error {
	if location := x.Header.Get("Location"); x.StatusCode/100 == 3 {
		return fmt.Errorf("redirects to %s (status %d)", shorten(location), x.StatusCode)
	}
	if x.StatusCode != want {
		return fmt.Errorf("status %d instead of %d", x.StatusCode, want)
	}
	return nil
}

// shorten returns s cut to fit on one line.
func shorten(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}
