package connlimit

import (
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"testing"
)

// pipe is a connection that says when it is closed.
type pipe struct {
	net.Conn
	mu     sync.Mutex
	closed bool
}

func (p *pipe) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	return nil
}

func (p *pipe) isClosed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}

func TestTheLongestWaitingIsClosed(t *testing.T) {
	l := New(3)
	conns := make([]*pipe, 6)
	places := make([]*Place, 6)
	enter := func(i int) { conns[i] = &pipe{}; places[i] = l.Enter(conns[i]) }
	for i := range 3 {
		enter(i)
	}
	places[0].Work() // in use: never closed
	places[1].Wait() // heard of later than 2
	enter(3)
	enter(4)
	for i, want := range []bool{false, true, true, false, false} {
		if got := conns[i].isClosed(); got != want {
			t.Errorf("connection %d: closed %v, want %v", i, got, want)
		}
	}
	for _, p := range places[1:3] { // their servers notice
		p.Wait()
		p.Leave()
	}
	if l.Open() != 3 || l.Evicted() != 2 {
		t.Errorf("%d open, %d evicted", l.Open(), l.Evicted())
	}
	places[3].Work()
	places[4].Work()
	enter(5)
	if !conns[5].isClosed() || conns[0].isClosed() {
		t.Error("a connection in use had to make room for a new one")
	}
	for _, p := range places {
		p.Leave()
		p.Leave()
	}
	if l.Open() != 0 || l.waiting.Len() != 0 {
		t.Errorf("%d open, %d wait at the end", l.Open(), l.waiting.Len())
	}
}

func TestAnyOrderKeepsTheCount(t *testing.T) {
	l := New(16)
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			chance := rand.New(rand.NewPCG(1, uint64(worker)))
			var places []*Place
			for range 20_000 {
				switch n := chance.IntN(4); {
				case n == 0 || len(places) == 0:
					places = append(places, l.Enter(&pipe{}))
				case n == 1:
					places[chance.IntN(len(places))].Wait()
				case n == 2:
					places[chance.IntN(len(places))].Work()
				default:
					i := chance.IntN(len(places))
					places[i].Leave()
					places = append(places[:i], places[i+1:]...)
				}
				if open := l.Open(); open < 0 || open > 16+8 { // and those that have just entered
					t.Errorf("%d open", open)
				}
			}
			for _, p := range places {
				p.Leave()
			}
		})
	}
	wg.Wait()
	if l.Open() != 0 || l.waiting.Len() != 0 {
		t.Errorf("%d open, %d wait at the end", l.Open(), l.waiting.Len())
	}
}

// TestAServerKeepsTheLimit has net/http report the states of real connections.
func TestAServerKeepsTheLimit(t *testing.T) {
	limit := New(5)
	s := &http.Server{
		Handler:   http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }),
		ConnState: limit.ConnState(),
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	for range 50 { // all say nothing
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
	}
	answer, err := http.Get("http://" + l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if limit.Open() > 5 || limit.Evicted() < 45 {
		t.Errorf("%d open, %d evicted", limit.Open(), limit.Evicted())
	}
}

func TestShareLeavesDescriptors(t *testing.T) {
	if n := Share(); n < 32 || n > 16_384 {
		t.Errorf("a share of %d", n)
	}
	if New(0).most != Share() {
		t.Error("no limit is not the share")
	}
}
