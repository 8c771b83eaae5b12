// Package logstream sends log lines to ingest like Fastly's log streaming: it
// collects lines for a period, or up to a number, and posts them as one body.
// It serves glint's standalone pixel, and imitates the platform for the
// emulator.
//
// Lines wait in memory, in a bounded number of bytes, and a body that is
// refused temporarily is retried until it is accepted. Lines beyond the bound
// are dropped and counted, as on the platform: durability begins with the 2xx,
// not here.
package logstream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Send delivers one body of lines. It returns once the body was accepted, or an
// error if it never will be. A *PartError means that a part at its beginning
// was accepted: Send is called again with the rest. It must not keep body, which
// is overwritten afterwards.
type Send func(ctx context.Context, body []byte) error

// PartError is the number of bytes of a body that were accepted: whole lines,
// at least one.
type PartError struct{ Bytes int }

func (e *PartError) Error() string { return fmt.Sprintf("the first %d bytes were taken", e.Bytes) }

// Config configures a Batcher. Zero values are replaced by the defaults.
type Config struct {
	Period          time.Duration // longest time between two bodies; default 1 s (Fastly: 5 s)
	MaxLines        int           // limit of a body; default 10,000, as on Fastly
	MaxBytes        int           // limit of a body; default 16 MiB (Fastly: 100 MB)
	MaxPendingBytes int           // limit of all waiting lines; default 64 MiB
	StopWait        time.Duration // longest wait of Close; 0: until its context ends
	Logger          *slog.Logger  // nil: silent

	// Note is called after every change, in order, with the numbers of waiting
	// and of dropped lines. It must return quickly. Nil: not called.
	Note func(waiting, dropped uint64)
	// Closed is called once, at the end of Close, with the number of lines
	// dropped since it began. Nil: not called.
	Closed func(dropped uint64)
}

func (c Config) withDefaults() Config {
	if c.Period == 0 {
		c.Period = time.Second
	}
	if c.MaxLines == 0 {
		c.MaxLines = 10_000
	}
	if c.MaxBytes == 0 {
		c.MaxBytes = 16 << 20
	}
	if c.MaxPendingBytes == 0 {
		c.MaxPendingBytes = 64 << 20
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// Batcher collects lines and sends them, one body at a time and in order. It is
// safe for concurrent use.
type Batcher struct {
	cfg     Config
	send    Send
	cancel  context.CancelFunc
	full    chan struct{} // a body is full
	closing chan struct{}
	done    chan struct{}
	closed  sync.Once

	mu      sync.Mutex
	pending [][]byte // bodies; the last one is still growing
	lines   int      // of the last body
	bytes   int      // of all bodies, including the one being sent
	waiting uint64   // lines of all bodies
	spare   []byte   // memory of the last delivered body, for the next one
	ended   bool     // no further body is sent

	sent    atomic.Uint64
	dropped atomic.Uint64
}

// New starts a Batcher, which Close ends.
func New(cfg Config, send Send) *Batcher {
	ctx, cancel := context.WithCancel(context.Background())
	b := &Batcher{
		cfg: cfg.withDefaults(), send: send, cancel: cancel,
		full: make(chan struct{}, 1), closing: make(chan struct{}), done: make(chan struct{}),
	}
	go b.run(ctx)
	return b
}

// Add adds a copy of one line, without its line feed. It never waits. A line
// longer than MaxBytes gets its own body.
func (b *Batcher) Add(line []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended || b.bytes+len(line)+1 > b.cfg.MaxPendingBytes {
		b.dropped.Add(1)
		b.note()
		return
	}
	n := len(b.pending)
	if n == 0 || b.lines >= b.cfg.MaxLines || len(b.pending[n-1])+len(line)+1 > b.cfg.MaxBytes {
		b.pending = append(b.pending, b.spare[:0])
		b.spare, b.lines = nil, 0
		n++
	}
	b.pending[n-1] = append(append(b.pending[n-1], line...), '\n')
	b.bytes += len(line) + 1
	b.lines++
	b.waiting++
	b.note()
	if n > 1 || b.lines >= b.cfg.MaxLines {
		select {
		case b.full <- struct{}{}:
		default:
		}
	}
}

// note calls Config.Note. The caller holds b.mu.
func (b *Batcher) note() {
	if b.cfg.Note != nil {
		b.cfg.Note(b.waiting, b.dropped.Load())
	}
}

// Sent returns the number of accepted lines.
func (b *Batcher) Sent() uint64 { return b.sent.Load() }

// Dropped returns the number of lost lines: there was no room, their body was
// finally refused, or they came after the end.
func (b *Batcher) Dropped() uint64 { return b.dropped.Load() }

// PendingBytes returns the bytes of lines that are not delivered yet.
func (b *Batcher) PendingBytes() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.bytes
}

// Close sends the waiting lines and ends the Batcher. When ctx or StopWait ends
// first, lines still waiting are dropped.
func (b *Batcher) Close(ctx context.Context) {
	if b.cfg.StopWait > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, b.cfg.StopWait)
		defer cancel()
	}
	before := b.Dropped()
	first := false
	b.closed.Do(func() { first = true; close(b.closing) })
	select {
	case <-b.done:
	case <-ctx.Done():
		b.cancel()
		<-b.done
	}
	if first && b.cfg.Closed != nil {
		b.cfg.Closed(b.Dropped() - before)
	}
}

func (b *Batcher) run(ctx context.Context) {
	defer close(b.done)
	defer b.cancel()
	tick := time.NewTicker(b.cfg.Period)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-b.full:
		case <-b.closing:
			b.flush(ctx, true)
			return
		}
		b.flush(ctx, false)
	}
}

// flush sends all waiting lines. A body counts towards MaxPendingBytes until it
// is delivered. The last flush ends the Batcher, so that no line can be added
// after it.
func (b *Batcher) flush(ctx context.Context, last bool) {
	for {
		body := b.next(last)
		if body == nil {
			return
		}
		whole := body
		for len(body) > 0 {
			taken, err := body, b.send(ctx, body)
			if part, ok := errors.AsType[*PartError](err); ok {
				taken, err = body[:part.Bytes], nil
			}
			body = body[len(taken):]
			b.delivered(taken, err)
		}
		b.reuse(whole)
	}
}

// reuse keeps the memory of a delivered body, unless most of it was not needed.
func (b *Batcher) reuse(body []byte) {
	if len(body) < cap(body)/4 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spare = body
}

// delivered counts the lines of a body as accepted or, after an error, as lost.
func (b *Batcher) delivered(body []byte, err error) {
	lines := uint64(bytes.Count(body, []byte{'\n'}))
	if err != nil {
		b.dropped.Add(lines)
		b.cfg.Logger.Error("log lines lost", "lines", lines, "error", err)
	} else {
		b.sent.Add(lines)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.bytes -= len(body)
	b.waiting -= lines
	b.note()
}

func (b *Batcher) next(last bool) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.pending) == 0 {
		b.ended = last
		return nil
	}
	body := b.pending[0]
	b.pending[0] = nil // its memory is the sender's now
	b.pending = b.pending[1:]
	return body
}
