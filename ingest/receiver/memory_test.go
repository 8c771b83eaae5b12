package receiver

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"
)

func TestOldestBodyAlwaysGetsOn(t *testing.T) {
	const kib = 1 << 10
	m := newMemory(1024*kib, 256*kib, time.Minute)
	old, young := &lease{}, &lease{}
	m.lease(old)
	m.lease(young)
	ctx := context.Background()
	for _, c := range []struct {
		l *lease
		n int64
	}{{old, 64 * kib}, {young, 256 * kib}, {young, 64 * kib}, {young, 128 * kib}} {
		if _, err := c.l.buffer(ctx, c.n); err != nil {
			t.Fatal(err)
		}
	}
	// 512 KiB are in use; the rest is the reserve.
	m.wait = time.Millisecond
	if _, err := (young).buffer(ctx, 1); !errors.Is(err, busy) {
		t.Errorf("the younger body got into the reserve: %v", err)
	}
	for range 2 {
		if _, err := old.buffer(ctx, 256*kib); err != nil {
			t.Errorf("the oldest body: %v", err)
		}
	}
	if used := m.used.Load(); used != 1024*kib {
		t.Errorf("%d bytes are used", used)
	}
	m.wait = time.Minute
	got := make(chan error)
	next := &lease{}
	m.lease(next)
	go func() {
		_, err := next.buffer(ctx, 64*kib)
		got <- err
	}()
	young.release() // now next waits only for the reserve
	old.release()   // and is the oldest
	if err := <-got; err != nil {
		t.Errorf("who waited: %v", err)
	}
	next.release()
	if m.used.Load() != 0 || m.waiting.Len() != 0 || m.leases.Len() != 0 {
		t.Errorf("left: %d bytes, %d waiting, %d leases", m.used.Load(), m.waiting.Len(), m.leases.Len())
	}
}

// TestBodiesThatGrowDoNotWaitForEachOther has far more bodies than fit, each of
// which needs more memory while it holds some.
func TestBodiesThatGrowDoNotWaitForEachOther(t *testing.T) {
	const largest = 1 << 20
	m := newMemory(4*largest, largest, time.Minute)
	together(64, func(i int) {
		r := rand.New(rand.NewPCG(uint64(i), 2))
		for range 20 {
			var l lease
			m.lease(&l)
			b, err := l.buffer(context.Background(), 1)
			for size := int64(cap(b)); err == nil && size < largest; {
				size = min(largest, size*int64(2+r.IntN(4)))
				b, err = l.grow(context.Background(), b[:cap(b)], size)
			}
			if err == nil && r.IntN(2) == 0 {
				_, err = l.buffer(context.Background(), largest) // decoded
			}
			if err != nil {
				t.Errorf("body %d: %v", i, err)
			}
			if used := m.used.Load(); used > m.limit {
				t.Errorf("%d of %d bytes are used", used, m.limit)
			}
			l.release()
		}
	})
	if m.used.Load() != 0 || m.leases.Len() != 0 {
		t.Errorf("left: %d bytes, %d leases", m.used.Load(), m.leases.Len())
	}
}

func TestWhoGaveUpWaitingDoesNotHoldUpOthers(t *testing.T) {
	const largest = 64 << 10
	m := newMemory(4*largest, largest, 20*time.Millisecond)
	first := &lease{}
	m.lease(first)
	for range 2 {
		if _, err := first.buffer(context.Background(), largest); err != nil {
			t.Fatal(err)
		}
	}
	second := &lease{}
	m.lease(second)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := second.buffer(ctx, largest); !errors.Is(err, busy) {
		t.Errorf("its client has left: %v", err)
	}
	if _, err := second.buffer(context.Background(), largest); !errors.Is(err, busy) {
		t.Errorf("no room in time: %v", err)
	}
	first.release()
	if _, err := second.buffer(context.Background(), largest); err != nil {
		t.Errorf("with room: %v", err)
	}
	second.release()
}
