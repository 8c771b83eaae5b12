// Package connlimit limits the number of a server's open connections, so that
// file descriptors stay free for the rest of the process: a log that cannot
// open a file loses more than a server that cannot accept a connection.
//
// Above the limit, the connection that has been waiting for its client for
// longest is closed. An honest client sends its request at once and is among
// the last to be closed; clients that only wait cannot displace it. The package
// ignores addresses: behind a proxy all clients share one.
package connlimit

import (
	"container/list"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"syscall"
)

// Limit is the limit of one server. It is safe for concurrent use.
type Limit struct {
	most int

	mu      sync.Mutex
	open    int
	evicted uint64
	waiting list.List // *Place, the one that has waited for longest first
}

// New returns a limit of that many connections; 0 or less means Share().
func New(most int) *Limit {
	if most <= 0 {
		most = Share()
	}
	return &Limit{most: most}
}

// Share returns the number of connections that each of two servers in this
// process may have: three eighths of the file descriptors, at most 16,384. The
// rest is for logs, lists and connections to the warehouse.
func Share() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 384
	}
	return int(min(16_384, max(32, limit.Cur/8*3))) // Go raises Cur to Max at the start
}

// Open returns the number of open connections, at most the limit.
func (l *Limit) Open() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open
}

// Evicted returns the number of connections that were closed to make room.
func (l *Limit) Evicted() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.evicted
}

// Place is the slot of one connection in its Limit.
type Place struct {
	limit *Limit
	conn  net.Conn
	wait  *list.Element // nil: not waiting
	gone  bool
}

// Enter registers a new connection as waiting for its client. If there are too
// many, it closes the one that has waited for longest, possibly conn itself,
// and returns when that is closed.
func (l *Limit) Enter(conn net.Conn) *Place {
	p := &Place{limit: l, conn: conn}
	l.mu.Lock()
	l.open++
	p.wait = l.waiting.PushBack(p)
	var victim *Place
	if l.open > l.most {
		victim = l.waiting.Front().Value.(*Place)
		victim.leave()
		l.evicted++
	}
	l.mu.Unlock()
	if victim != nil {
		victim.closeSocket() // without the lock, since it may wait for the connection's reader
	}
	return p
}

// Wait marks the connection as waiting for its client.
func (p *Place) Wait() {
	p.limit.mu.Lock()
	defer p.limit.mu.Unlock()
	switch {
	case p.gone:
	case p.wait != nil:
		p.limit.waiting.MoveToBack(p.wait)
	default:
		p.wait = p.limit.waiting.PushBack(p)
	}
}

// Work marks the connection as in use, so that it is not closed.
func (p *Place) Work() {
	p.limit.mu.Lock()
	defer p.limit.mu.Unlock()
	p.stopWaiting()
}

// Leave frees the slot when the connection is closed.
func (p *Place) Leave() {
	p.limit.mu.Lock()
	defer p.limit.mu.Unlock()
	p.leave()
}

func (p *Place) leave() {
	if !p.gone {
		p.gone = true
		p.limit.open--
		p.stopWaiting()
	}
}

func (p *Place) stopWaiting() {
	if p.wait != nil {
		p.limit.waiting.Remove(p.wait)
		p.wait = nil
	}
}

// closeSocket closes without TLS' close_notify, which could block.
func (p *Place) closeSocket() {
	c := p.conn
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	_ = c.Close()
}

// ConnState returns a hook for http.Server, under which a connection waits
// until all headers of a request have arrived.
func (l *Limit) ConnState() func(net.Conn, http.ConnState) {
	var places sync.Map // of *Place by net.Conn
	return func(conn net.Conn, state http.ConnState) {
		if state == http.StateNew {
			places.Store(conn, l.Enter(conn))
			return
		}
		found, ok := places.Load(conn)
		if !ok {
			return
		}
		p := found.(*Place)
		switch state {
		case http.StateIdle:
			p.Wait()
		case http.StateActive:
			p.Work()
		case http.StateClosed, http.StateHijacked:
			places.Delete(conn)
			p.Leave()
		}
	}
}
