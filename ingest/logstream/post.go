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
	Answer     string        // the beginning of its body, or where it redirects to
	RetryAfter time.Duration // what the answer asks for; 0: nothing
}

func (e *StatusError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("ingest answered %d %s", e.Status, e.Answer))
}

// AnswerError is an answer of 2xx that is not ingest's: a login page, a cache,
// another program. Nothing of the body counts as delivered.
type AnswerError struct {
	Status int
	Fault  string // in words
	Came   string // content type and beginning of the answer
}

func (e *AnswerError) Error() string {
	return fmt.Sprintf("not ingest's answer: status %d, %s: %s", e.Status, e.Fault, e.Came)
}

// Hint says where to look.
func (e *AnswerError) Hint() string {
	return "check that the address is ingest's, and that no proxy or login page answers in its place"
}

// RetryablePost reports whether a post that gave err may succeed later: without an
// answer, or after 429 or 5xx.
func RetryablePost(err error) bool {
	if _, ok := errors.AsType[*AnswerError](err); ok {
		return false
	}
	status, ok := errors.AsType[*StatusError](err)
	return !ok || status.Status == http.StatusTooManyRequests || status.Status >= 500
}

// Poster posts bodies to ingest, as a Fastly log endpoint of kind HTTPS with
// the codec zstd does. It follows no redirect, and believes that a body was
// taken only if the answer has its number of lines. It is safe for concurrent
// use.
type Poster struct {
	URL    string // of ingest, with or without /v1/logs
	Token  string // goes to URL, nowhere else
	Query  string // "" or lane=replay
	Direct bool   // no proxy of the environment is used: the ingest is of this machine
	Near   bool   // no network is on the way: bodies go as snappy, which costs less than to copy and store the bytes that it saves

	client  http.Client
	encoder *zstd.Encoder
}

// The most of an answer. Ingest's are far smaller.
const (
	maxAnswerBytes       = 64 << 10
	maxAnswerHeaderBytes = 64 << 10
	maxCameBytes         = 100 // of a strange answer in an error
	postTimeout          = 2 * time.Minute
)

// NewPoster returns a Poster for the ingest at baseURL, http://host:port.
func NewPoster(baseURL, token, query string) *Poster {
	// The fastest level takes half of the time of the default one, for 2 % more bytes.
	// Only faulty options give an error.
	encoder, _ := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	p := &Poster{URL: baseURL, Token: token, Query: query, encoder: encoder}
	p.client = http.Client{
		Timeout: postTimeout, // the answer's body included
		// A redirect, be it to another port only, would take the token elsewhere.
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

// Answer is what ingest said of a body that it has on disk.
type Answer struct {
	Lines      int
	Problem    string    // why none of the lines is an event; "": some are
	Lane       string    // "" of an older ingest, as all that follows
	Record     uint64    // number in the lane's log; 0: nothing was kept of a body without lines
	ReceivedAt time.Time // of the record
}

// outcomesHeader has the path by which ingest says what became of the body.
const outcomesHeader = "Glint-Outcomes"

// locate reads the header. A header that it cannot read counts as an older ingest's:
// the lines are on disk all the same.
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

// Post posts one body once. Without an error ingest has all of its lines on
// disk. The error is a *StatusError, an *AnswerError, or that of the network.
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

// failed says what was tried, but of an answer, which says it itself.
func failed(what string, err error) error {
	if _, ok := errors.AsType[*StatusError](err); ok {
		return err
	}
	return fmt.Errorf("%s: %w", what, err)
}

// request makes a request of the service, with the token.
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

// exchange reads an answer of 2xx into v and returns its header. Fault says what
// is wrong with what was read.
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

// status is the error of an answer other than 2xx.
func (p *Poster) status(answer *http.Response, text []byte) error {
	seconds, _ := strconv.Atoi(answer.Header.Get("Retry-After")) // absent or a date: 0
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

// came describes a strange answer.
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

// clean is a text from outside for an error, without the token if it echoes it.
func (p *Poster) clean(text []byte) string {
	s := strings.TrimSpace(string(text))
	if p.Token != "" {
		s = strings.ReplaceAll(s, p.Token, "…")
	}
	return s
}
