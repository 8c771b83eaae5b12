package batch

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"
)

// fakeLog holds records in memory.
type fakeLog struct {
	mu       sync.Mutex
	bodies   []Body
	changed  chan struct{}
	released uint64
}

func newFakeLog() *fakeLog { return &fakeLog{changed: make(chan struct{})} }

func (f *fakeLog) append(tb testing.TB, lines ...string) {
	tb.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.bodies = append(f.bodies, Body{
		Record: uint64(len(f.bodies) + 1), ReceivedAt: now.Truncate(time.Millisecond), Source: "default",
		Count: len(lines), Lines: []byte(strings.Join(lines, "\n")),
	})
	close(f.changed)
	f.changed = make(chan struct{})
}

func (f *fakeLog) Read(first uint64) func(context.Context) (Body, error) {
	next := first
	return func(ctx context.Context) (Body, error) {
		for {
			f.mu.Lock()
			changed := f.changed
			for _, b := range f.bodies {
				if b.Record >= next {
					next = b.Record + 1
					f.mu.Unlock()
					return b, nil
				}
			}
			f.mu.Unlock()
			select {
			case <-ctx.Done():
				return Body{}, ctx.Err()
			case <-changed:
			}
		}
	}
}

func (f *fakeLog) Last() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.bodies) == 0 {
		return 0
	}
	return f.bodies[len(f.bodies)-1].Record
}

func (f *fakeLog) Release(before uint64) uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.released = max(f.released, before)
	return 1 // it keeps all
}

func (f *fakeLog) releasedBefore() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.released
}
