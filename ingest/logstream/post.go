package logstream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
)

// StatusError is an answer other than 2xx.
type StatusError struct {
	Status     int
	Answer     string        // the beginning of its body
	RetryAfter time.Duration // what the answer asks for; 0: nothing
}

func (e *StatusError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("ingest answered %d %s", e.Status, e.Answer))
}

// RetryablePost reports whether a post that gave err may succeed later: nobody
// answered, or the answer was 429 or 5xx.
func RetryablePost(err error) bool {
	status, ok := errors.AsType[*StatusError](err)
	return !ok || status.Status == http.StatusTooManyRequests || status.Status >= 500
}

// Poster posts bodies to ingest, as a Fastly log endpoint of kind HTTPS with
// the codec zstd does.
type Poster struct {
	URL   string // of ingest, with or without /v1/logs
	Token string
	Query string // "" or lane=replay

	client  http.Client
	encoder *zstd.Encoder
}

// NewPoster returns a Poster for the ingest at baseURL, http://host:port.
func NewPoster(baseURL, token, query string) *Poster {
	encoder, _ := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1)) // only faulty options give an error
	return &Poster{URL: baseURL, Token: token, Query: query, encoder: encoder, client: http.Client{Timeout: 2 * time.Minute}}
}

// Send posts one body once.
func (p *Poster) Send(ctx context.Context, body []byte) error {
	url := strings.TrimSuffix(strings.TrimSuffix(p.URL, "/"), "/v1/logs") + "/v1/logs"
	if p.Query != "" {
		url += "?" + p.Query
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(p.encoder.EncodeAll(body, nil)))
	if err != nil {
		return fmt.Errorf("post lines: %w", err)
	}
	r.Header.Set("Authorization", "Bearer "+p.Token)
	r.Header.Set("Content-Type", "application/x-ndjson")
	r.Header.Set("Content-Encoding", "zstd")
	answer, err := p.client.Do(r)
	if err != nil {
		return fmt.Errorf("post lines: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 1000)) // only for the message
	if answer.StatusCode/100 != 2 {
		seconds, _ := strconv.Atoi(answer.Header.Get("Retry-After")) // absent or a date: 0
		return &StatusError{
			Status: answer.StatusCode, Answer: strings.TrimSpace(string(text)), RetryAfter: time.Duration(max(0, seconds)) * time.Second,
		}
	}
	return nil
}
