package logstream

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"

	"glint/ingest/receiver/codec"
)

// StatusError is an answer other than 2xx.
type StatusError struct {
	Status     int
	Answer     string        // beginning of its body, or its redirect target
	RetryAfter time.Duration // pause that the answer asks for; 0: none
}

func (e *StatusError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("ingest answered %d %s", e.Status, e.Answer))
}

// AnswerError is an answer of 2xx that does not come from ingest: from a login
// page, a cache, another program. Nothing of the body counts as delivered.
type AnswerError struct {
	Status int
	Fault  string // in words
	Came   string // content type and beginning of the answer
}

func (e *AnswerError) Error() string {
	return fmt.Sprintf("not ingest's answer: status %d, %s: %s", e.Status, e.Fault, e.Came)
}

// Hint returns advice.
func (e *AnswerError) Hint() string {
	return "check that the address is ingest's, and that no proxy or login page answers in its place"
}

// RetryablePost reports whether a post that failed with err may succeed later:
// without an answer, or after 429 or 5xx.
func RetryablePost(err error) bool {
	if _, ok := errors.AsType[*AnswerError](err); ok {
		return false
	}
	status, ok := errors.AsType[*StatusError](err)
	return !ok || status.Status == http.StatusTooManyRequests || status.Status >= 500
}

// Poster posts bodies to ingest, like a Fastly log endpoint of kind HTTPS with
// the codec zstd. It follows no redirects, and counts a body as accepted only
// if the answer has its number of lines. It is safe for concurrent use.
type Poster struct {
	URL    string // URL of ingest, with or without /v1/logs
	Token  string // sent to URL only
	Query  string // "" or lane=replay
	Direct bool   // ignore the environment's proxy settings: ingest is on this machine
	Near   bool   // send snappy: on this machine it costs less than to copy and store the bytes that it saves

	client  http.Client
	encoder *zstd.Encoder
}

// Limits of an answer. Ingest's answers are far smaller.
const (
	maxAnswerBytes       = 64 << 10
	maxAnswerHeaderBytes = 64 << 10
	maxCameBytes         = 100 // part of an unexpected answer in an error
	postTimeout          = 2 * time.Minute
)

// NewPoster returns a Poster for the ingest at baseURL, http://host:port.
func NewPoster(baseURL, token, query string) *Poster {
	// The fastest level takes half the time of the default one, for 2 % more
	// bytes. Only invalid options give an error.
	encoder, _ := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	p := &Poster{URL: baseURL, Token: token, Query: query, encoder: encoder}
	p.client = http.Client{
		Timeout: postTimeout, // includes reading the answer
		// A redirect, even to another port, would send the token elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy:                  p.proxy,
			DisableCompression:     true,
			ForceAttemptHTTP2:      true,
			MaxResponseHeaderBytes: maxAnswerHeaderBytes,
			MaxIdleConnsPerHost:    4,
			IdleConnTimeout:        time.Minute,
		},
	}
	return p
}

func (p *Poster) proxy(r *http.Request) (*url.URL, error) {
	if p.Direct {
		return nil, nil
	}
	return http.ProxyFromEnvironment(r)
}

// Answer is ingest's answer to a body that it has on disk.
type Answer struct {
	Lines      int
	Problem    string    // why no line is an event; "": some are
	Lane       string    // "" from an older ingest, like all following fields
	Record     uint64    // number in the lane's log; 0: a body without lines was not stored
	ReceivedAt time.Time // of the record
}

// outcomesHeader has the path of the body's outcomes.
const outcomesHeader = "Glint-Outcomes"

// locate reads the header. If it cannot, it treats the answer as an older
// ingest's: the lines are on disk in any case.
func (a *Answer) locate(h http.Header) {
	u, err := url.Parse(h.Get(outcomesHeader))
	if err != nil {
		return
	}
	q := u.Query()
	record, err := strconv.ParseUint(q.Get("records"), 10, 63)
	at, timeErr := time.Parse(time.RFC3339Nano, q.Get("since"))
	if err == nil && timeErr == nil {
		a.Lane, a.Record, a.ReceivedAt = q.Get("lane"), record, at
	}
}

// Send posts one body once, as Post does.
func (p *Poster) Send(ctx context.Context, body []byte) error {
	_, err := p.Post(ctx, body)
	return err
}

// Post posts one body once. If it returns no error, all lines are on disk at
// ingest. The error is a *StatusError, an *AnswerError, or a network error.
func (p *Poster) Post(ctx context.Context, body []byte) (Answer, error) {
	var sent []byte
	encoding := codec.Zstd
	if p.Near {
		sent, encoding = snap(body), codec.Snappy
	} else {
		sent = p.encoder.EncodeAll(body, nil)
	}
	r, err := p.request(ctx, http.MethodPost, "/v1/logs", p.Query, bytes.NewReader(sent))
	if err != nil {
		return Answer{}, fmt.Errorf("post lines: %w", err)
	}
	r.Header.Set("Content-Type", "application/x-ndjson")
	r.Header.Set("Content-Encoding", encoding.String())
	var counter codec.Counter
	counter.Add(body)
	counter.End()
	var a struct {
		Lines   *int   `json:"lines"`
		Problem string `json:"problem"`
	}
	header, err := p.exchange(r, &a, func() string {
		switch {
		case a.Lines == nil:
			return "without a number of lines"
		case *a.Lines != counter.Lines:
			return fmt.Sprintf("%d lines where %d were sent", *a.Lines, counter.Lines)
		}
		return ""
	})
	if err != nil {
		return Answer{}, failed("post lines", err)
	}
	answer := Answer{Lines: counter.Lines, Problem: a.Problem}
	answer.locate(header)
	return answer, nil
}

// snap returns a body in the framing format of snappy.
func snap(body []byte) []byte {
	var b bytes.Buffer
	b.Grow(len(body) / 2) // lines take a third
	w := snappers.Get().(*s2.Writer)
	defer snappers.Put(w)
	w.Reset(&b)
	_, _ = w.Write(body) // a buffer gives no error
	_ = w.Close()
	return b.Bytes()
}

// snappers are kept between bodies: each has megabytes of buffers.
var snappers = sync.Pool{New: func() any {
	return s2.NewWriter(nil, s2.WriterSnappyCompat(), s2.WriterConcurrency(1))
}}

// failed adds the attempted action to an error, unless an answer already
// describes it.
func failed(what string, err error) error {
	if _, ok := errors.AsType[*StatusError](err); ok {
		return err
	}
	return fmt.Errorf("%s: %w", what, err)
}

// request creates a request to the service, with the token.
func (p *Poster) request(ctx context.Context, method, path, query string, body io.Reader) (*http.Request, error) {
	address := strings.TrimSuffix(strings.TrimSuffix(p.URL, "/"), "/v1/logs") + path
	if query != "" {
		address += "?" + query
	}
	r, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+p.Token)
	r.Header.Set("Accept", "application/json")
	return r, nil
}

// exchange decodes an answer of 2xx into v and returns its header. fault
// returns the problem with the decoded value, or "".
func (p *Poster) exchange(r *http.Request, v any, fault func() string) (http.Header, error) {
	answer, err := p.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswerBytes+1))
	if answer.StatusCode/100 != 2 {
		return nil, p.status(answer, text)
	}
	if err != nil {
		return nil, fmt.Errorf("read ingest's answer: %w", err)
	}
	strange := &AnswerError{Status: answer.StatusCode, Came: p.came(answer, text)}
	switch {
	case len(text) > maxAnswerBytes:
		strange.Fault = fmt.Sprintf("longer than %d bytes", maxAnswerBytes)
	case !isObject(text) || json.Unmarshal(text, v) != nil:
		strange.Fault = "not the JSON object that ingest sends"
	default:
		if strange.Fault = fault(); strange.Fault == "" {
			return answer.Header, nil
		}
	}
	return nil, strange
}

// status returns the error for an answer other than 2xx.
func (p *Poster) status(answer *http.Response, text []byte) error {
	seconds, _ := strconv.Atoi(answer.Header.Get("Retry-After")) // 0 if absent or a date
	e := &StatusError{
		Status: answer.StatusCode, Answer: p.clean(text[:min(len(text), 1000)]),
		RetryAfter: time.Duration(max(0, seconds)) * time.Second,
	}
	if answer.StatusCode/100 == 3 {
		e.Answer = "and redirects, which is not followed"
		if to, err := answer.Location(); err == nil {
			e.Answer = p.clean([]byte("and redirects to " + to.Scheme + "://" + to.Host + ", which is not followed"))
		}
	}
	return e
}

// came describes an unexpected answer.
func (p *Poster) came(answer *http.Response, text []byte) string {
	kind, _, _ := strings.Cut(answer.Header.Get("Content-Type"), ";")
	if kind == "" {
		kind = "no content type"
	}
	if len(text) == 0 {
		return p.clean([]byte(kind)) + ", empty"
	}
	return p.clean([]byte(kind)) + ", begins " + strconv.QuoteToASCII(p.clean(text[:min(len(text), maxCameBytes)]))
}

// clean prepares an external text for an error: without the token, if it echoes
// that.
func (p *Poster) clean(text []byte) string {
	s := strings.TrimSpace(string(text))
	if p.Token != "" {
		s = strings.ReplaceAll(s, p.Token, "…")
	}
	return s
}
