package server

import (
	"container/list"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
)

// connections keeps their number within a limit, since each costs a file
// descriptor, and the log behind needs some too. Above it the connection that
// has been waiting for a request for longest is closed: an honest client
// connects again, and strangers who only wait cannot keep it out.
type connections struct {
	limit   int
	open    atomic.Int64 // without those that are closed, though net/http has not noticed yet
	evicted atomic.Int64

	mu      sync.Mutex
	waiting list.List // of net.Conn, the one that waits for longest first
	places  map[net.Conn]*list.Element
	closed  map[net.Conn]bool // evicted, and not yet reported as closed
}

func newConnections(limit int) *connections {
	return &connections{limit: limit, places: map[net.Conn]*list.Element{}, closed: map[net.Conn]bool{}}
}

// changed is net/http's ConnState hook. A connection counts as waiting until
// all headers of a request are there.
func (c *connections) changed(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case http.StateNew:
		c.open.Add(1)
		c.wait(conn)
		if c.open.Load() > int64(c.limit) {
			c.evict()
		}
	case http.StateIdle:
		c.wait(conn)
	case http.StateActive:
		c.forget(conn)
	case http.StateClosed, http.StateHijacked:
		if !c.closed[conn] {
			c.open.Add(-1)
		}
		delete(c.closed, conn)
		c.forget(conn)
	}
}

func (c *connections) wait(conn net.Conn) {
	if !c.closed[conn] {
		c.places[conn] = c.waiting.PushBack(conn)
	}
}

func (c *connections) forget(conn net.Conn) {
	if e := c.places[conn]; e != nil {
		c.waiting.Remove(e)
		delete(c.places, conn)
	}
}

// evict closes the socket only; net/http then reports the connection as closed.
func (c *connections) evict() {
	conn := c.waiting.Front().Value.(net.Conn)
	c.forget(conn)
	c.closed[conn] = true
	c.open.Add(-1)
	c.evicted.Add(1)
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn() // without a farewell that could block
	}
	_ = conn.Close()
}
