package edge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"glint/cli/internal/output"
	"glint/ingest/host/loopback"
)

const (
	defaultAPI    = "https://api.fastly.com"
	apiTimeout    = 30 * time.Second
	maxAPIAnswer  = 4 << 20
	apiTokenName  = "FASTLY_API_TOKEN"
	apiTargetName = "FASTLY_API_ENDPOINT" // also read by the Fastly CLI
)

// api is a client of Fastly's HTTP API for log endpoints.
// Source: https://www.fastly.com/documentation/reference/api/logging/
type api struct {
	base, token string
	client      *http.Client
}

func newAPI(getenv func(string) string, transport http.RoundTripper) (*api, error) {
	a := &api{base: defaultAPI, token: getenv(apiTokenName), client: &http.Client{
		Transport:     transport,
		Timeout:       apiTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // a redirect would send the token elsewhere
	}}
	if a.token == "" {
		return nil, errors.New("$" + apiTokenName + " is not set")
	}
	if base := getenv(apiTargetName); base != "" {
		u, err := url.Parse(base)
		if err != nil || u.Scheme != "https" && (u.Scheme != "http" || !loopback.Is(u.Hostname())) {
			return nil, errors.New("$" + apiTargetName + " does not begin with https://")
		}
		a.base = strings.TrimSuffix(base, "/")
	}
	return a, nil
}

// call sends form, unless it is nil, and decodes the JSON answer into into.
func (a *api) call(ctx context.Context, method, path string, form url.Values, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, a.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		return fmt.Errorf("ask Fastly's API: %w", err)
	}
	req.Header.Set("Fastly-Key", a.token)
	req.Header.Set("Accept", "application/json")
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return fmt.Errorf("ask Fastly's API: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	body := io.LimitReader(resp.Body, maxAPIAnswer)
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("ask Fastly's API, %s %s: status %d%s", method, path, resp.StatusCode, reason(body))
	}
	d := json.NewDecoder(body)
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("read the answer of Fastly's API, %s %s: %w", method, path, err)
	}
	return nil
}

// reason returns the API's explanation of a refusal. It names fields, not values.
func reason(body io.Reader) string {
	var answer struct{ Msg, Detail string }
	_ = json.NewDecoder(body).Decode(&answer) // without a body, only the status is known
	text := strings.TrimSpace(answer.Msg + " " + answer.Detail)
	if text == "" {
		return ""
	}
	return ": " + output.Safe(text)
}
