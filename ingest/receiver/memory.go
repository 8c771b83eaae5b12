package receiver

import (
	"container/list"
	"context"
	"math/bits"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

// memory lends buffers to bodies, up to a total number of bytes. A body that
// finds no room waits in a queue, up to a time limit.
//
// Bodies that each hold a part and wait for more could deadlock. So only the
// oldest body may use the reserve, which suffices for one body of the largest
// size: the oldest always finishes, and then the next one is the oldest.
type memory struct {
	limit   int64
	largest int64 // buffer
	wait    time.Duration
	pools   [40]sync.Pool // of *buffer, by size class
	used    atomic.Int64  // changed under mu

	mu      sync.Mutex
	leases  list.List // of *lease, the oldest first
	waiting list.List // of *request, the first one first
}

type buffer struct {
	bytes []byte
	class int
}

// lease is the memory of one body.
type lease struct {
	memory  *memory
	place   *list.Element
	buffers [3]*buffer // buffers in use, two while the body grows
	spoiled bool       // Store may still read the buffers, so they are not reused
}

type request struct {
	lease   *lease
	size    int64
	granted chan struct{}
}

func newMemory(limit, largest int64, wait time.Duration) *memory {
	return &memory{limit: limit, largest: largest, wait: wait}
}

// reserve returns the largest number of bytes that one body holds: while it
// grows, the largest buffer and the previous one, which is smaller unless the
// length was announced.
func reserve(largest int64) int64 { return 2 * largest }

// smallestBits is the size of the smallest buffer, as a power of two.
const smallestBits = 16

// class returns the buffer size for n bytes: a power of two, but at most the
// largest size that is ever needed.
func (m *memory) class(n int64) (class int, size int64) {
	class = max(0, bits.Len64(uint64(n-1))-smallestBits)
	return class, min(1<<(class+smallestBits), max(m.largest, n))
}

// lease registers l; leases are ordered by time of arrival.
func (m *memory) lease(l *lease) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l.memory = m
	l.place = m.leases.PushBack(l)
}

// take reserves size bytes for l, or waits for them.
func (m *memory) take(ctx context.Context, l *lease, size int64) error {
	m.mu.Lock()
	if (m.waiting.Len() == 0 || m.oldest(l)) && m.fits(l, size) {
		m.used.Add(size)
		m.mu.Unlock()
		return nil
	}
	r := &request{l, size, make(chan struct{})}
	place := m.waiting.PushBack(r)
	m.mu.Unlock()

	timer := time.NewTimer(m.wait)
	defer timer.Stop()
	select {
	case <-r.granted:
		return nil
	case <-timer.C:
	case <-ctx.Done():
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	select {
	case <-r.granted: // just now
		return nil
	default:
	}
	m.waiting.Remove(place)
	m.grant() // the next requests may need less
	return busy
}

func (m *memory) oldest(l *lease) bool { return m.leases.Front() == l.place }

func (m *memory) fits(l *lease, size int64) bool {
	limit := m.limit
	if !m.oldest(l) {
		limit -= reserve(m.largest)
	}
	return m.used.Load()+size <= limit
}

// grant serves the waiting requests in order until one does not fit. The oldest
// body is served first. The caller holds mu.
func (m *memory) grant() {
	inOrder := true
	for e := m.waiting.Front(); e != nil; {
		r, next := e.Value.(*request), e.Next()
		if inOrder || m.oldest(r.lease) {
			if m.fits(r.lease, r.size) {
				m.used.Add(r.size)
				m.waiting.Remove(e)
				close(r.granted)
			} else {
				inOrder = false
			}
		}
		e = next
	}
}

// buffer returns an empty slice with room for n bytes. Its contents are invalid
// after release.
func (l *lease) buffer(ctx context.Context, n int64) ([]byte, error) {
	class, size := l.memory.class(n)
	if err := l.memory.take(ctx, l, size); err != nil {
		return nil, err
	}
	b, ok := l.memory.pools[class].Get().(*buffer)
	if !ok {
		b = &buffer{bytes: make([]byte, 0, size), class: class}
	}
	for i := range l.buffers {
		if l.buffers[i] == nil {
			l.buffers[i] = b
			break
		}
	}
	return b.bytes, nil
}

// grow copies the contents of old, the first buffer, to a buffer with room for
// n bytes.
func (l *lease) grow(ctx context.Context, old []byte, n int64) ([]byte, error) {
	b, err := l.buffer(ctx, n)
	if err != nil {
		return nil, err
	}
	b = append(b, old...)
	small := l.buffers[0]
	l.buffers[0], l.buffers[1] = l.buffers[1], nil
	l.giveBack(small)
	return b, nil
}

// release returns all buffers and ends the lease.
func (l *lease) release() {
	l.giveBack(l.buffers[:]...)
	l.buffers = [3]*buffer{}
	m := l.memory
	m.mu.Lock()
	defer m.mu.Unlock()
	m.leases.Remove(l.place)
	m.grant() // another lease is the oldest now
}

func (l *lease) giveBack(buffers ...*buffer) {
	size := int64(0)
	for _, b := range buffers {
		if b == nil {
			continue
		}
		size += int64(cap(b.bytes))
		if !l.spoiled {
			l.memory.pools[b.class].Put(b)
		}
	}
	l.memory.mu.Lock()
	defer l.memory.mu.Unlock()
	l.memory.used.Add(-size)
	l.memory.grant()
}

// acquire takes one slot of s, waiting for at most wait. After that it returns
// the refusal busy.
func acquire(ctx context.Context, s *semaphore.Weighted, wait time.Duration) error {
	if s.TryAcquire(1) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	if s.Acquire(ctx, 1) != nil {
		return busy
	}
	return nil
}
