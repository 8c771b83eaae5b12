// Package net is TinyGo's package net without sockets: the address types, for
// programs that only parse and print addresses.
//
// Upstream keeps TinyGo's own package net in a git submodule, which is not part
// of the Go module. ip.go and mac.go are the Go installation's own; they are
// copied beside this file when TinyGo is built.
package net

import (
	"errors"
	"internal/bytealg"
	"io"
	"time"
)

// ErrClosed is the error of a closed connection.
var ErrClosed = errors.New("use of closed network connection")

var errNoSockets = errors.New("net: no sockets on this target")

// Addr is an address of either end of a connection.
type Addr interface {
	Network() string
	String() string
}

// Conn is a stream connection. This target has no connections.
type Conn interface {
	io.ReadWriteCloser
	LocalAddr() Addr
	RemoteAddr() Addr
	SetDeadline(t time.Time) error
	SetReadDeadline(t time.Time) error
	SetWriteDeadline(t time.Time) error
}

// Listener accepts connections. This target has no connections.
type Listener interface {
	Accept() (Conn, error)
	Close() error
	Addr() Addr
}

// Error is a network error.
type Error interface {
	error
	Timeout() bool
	Temporary() bool
}

// ParseError is an address that cannot be read.
type ParseError struct{ Type, Text string }

func (e *ParseError) Error() string { return "invalid " + e.Type + ": " + e.Text }

// Timeout is false.
func (e *ParseError) Timeout() bool { return false }

// Temporary is false.
func (e *ParseError) Temporary() bool { return false }

// AddrError is an address of the wrong form.
type AddrError struct{ Err, Addr string }

func (e *AddrError) Error() string {
	if e.Addr != "" {
		return "address " + e.Addr + ": " + e.Err
	}
	return e.Err
}

// Timeout is false.
func (e *AddrError) Timeout() bool { return false }

// Temporary is false.
func (e *AddrError) Temporary() bool { return false }

// Dialer, TLSConn, Dial and DialTLS are here because TinyGo's crypto/tls names
// them.
type Dialer struct {
	Timeout, KeepAlive time.Duration
	Deadline           time.Time
	LocalAddr          Addr
}

// Dial always fails.
func (d *Dialer) Dial(network, address string) (Conn, error) { return nil, errNoSockets }

// TLSConn is a connection that crypto/tls can name.
type TLSConn struct{ Conn }

// Dial always fails.
func Dial(network, address string) (Conn, error) { return nil, errNoSockets }

// DialTLS always fails.
func DialTLS(addr string) (*TLSConn, error) { return nil, errNoSockets }

// JoinHostPort makes "host:port", with brackets around an IPv6 address.
func JoinHostPort(host, port string) string {
	if bytealg.IndexByteString(host, ':') >= 0 {
		return "[" + host + "]:" + port
	}
	return host + ":" + port
}

// SplitHostPort is the reverse of JoinHostPort. The port is what follows the
// last colon; a host with colons has to be in brackets.
func SplitHostPort(hostport string) (host, port string, err error) {
	i := len(hostport) - 1
	for i >= 0 && hostport[i] != ':' {
		i--
	}
	if i < 0 {
		return "", "", &AddrError{"missing port in address", hostport}
	}
	host, port = hostport[:i], hostport[i+1:]
	if n := len(host); n >= 2 && host[0] == '[' && host[n-1] == ']' {
		return host[1 : n-1], port, nil
	}
	if bytealg.IndexByteString(host, ':') >= 0 {
		return "", "", &AddrError{"too many colons in address", hostport}
	}
	return host, port, nil
}
