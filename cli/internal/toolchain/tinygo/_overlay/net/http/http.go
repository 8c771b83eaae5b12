// Package http is net/http reduced to the types that the Compute SDK's adapter
// for net/http names. Nothing here serves or fetches. status.go and method.go
// are the Go installation's own; they are copied beside this file when TinyGo
// is built.
package http

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"mime/multipart"
	"net/textproto"
	"net/url"
	"time"
)

// Header is the fields of a message by canonical name.
type Header map[string][]string

// Add appends a value.
func (h Header) Add(k, v string) { textproto.MIMEHeader(h).Add(k, v) }

// Set replaces the values.
func (h Header) Set(k, v string) { textproto.MIMEHeader(h).Set(k, v) }

// Get gives the first value, or "".
func (h Header) Get(k string) string { return textproto.MIMEHeader(h).Get(k) }

// Values gives all values; the slice is the header's own.
func (h Header) Values(k string) []string { return textproto.MIMEHeader(h).Values(k) }

// Del removes the values.
func (h Header) Del(k string) { textproto.MIMEHeader(h).Del(k) }

// Clone copies deeply; nil gives nil.
func (h Header) Clone() Header {
	if h == nil {
		return nil
	}
	c := make(Header, len(h))
	for k, v := range h {
		c[k] = append([]string(nil), v...)
	}
	return c
}

// Request is a request, received or to be sent.
type Request struct {
	Method                 string
	URL                    *url.URL
	Proto                  string
	ProtoMajor, ProtoMinor int
	Header                 Header
	Body                   io.ReadCloser
	GetBody                func() (io.ReadCloser, error)
	ContentLength          int64
	TransferEncoding       []string
	Close                  bool
	Host                   string
	Form, PostForm         url.Values
	MultipartForm          *multipart.Form
	Trailer                Header
	RemoteAddr, RequestURI string
	TLS                    *tls.ConnectionState
	Cancel                 <-chan struct{}
	Response               *Response
	Pattern                string

	ctx context.Context
}

// Context is never nil.
func (r *Request) Context() context.Context {
	if r.ctx != nil {
		return r.ctx
	}
	return context.Background()
}

// WithContext gives a shallow copy with another context.
func (r *Request) WithContext(ctx context.Context) *Request {
	c := *r
	c.ctx = ctx
	return &c
}

// NewRequestWithContext makes a request to be sent.
func NewRequestWithContext(ctx context.Context, method, rawURL string, body io.Reader) (*Request, error) {
	if ctx == nil {
		return nil, errors.New("net/http: nil Context")
	}
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, err
	}
	rc, ok := body.(io.ReadCloser)
	if !ok && body != nil {
		rc = io.NopCloser(body)
	}
	return &Request{
		Method: method, URL: u, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: Header{}, Body: rc, Host: u.Host, ctx: ctx,
	}, nil
}

// Response is an answer.
type Response struct {
	Status                 string
	StatusCode             int
	Proto                  string
	ProtoMajor, ProtoMinor int
	Header                 Header
	Body                   io.ReadCloser
	ContentLength          int64
	TransferEncoding       []string
	Close, Uncompressed    bool
	Trailer                Header
	Request                *Request
	TLS                    *tls.ConnectionState
}

// ResponseWriter takes an answer.
type ResponseWriter interface {
	Header() Header
	Write([]byte) (int, error)
	WriteHeader(statusCode int)
}

// Handler answers requests.
type Handler interface {
	ServeHTTP(ResponseWriter, *Request)
}

// RoundTripper sends a request.
type RoundTripper interface {
	RoundTrip(*Request) (*Response, error)
}

// Client holds settings; it cannot send.
type Client struct {
	Transport RoundTripper
	Timeout   time.Duration
}
