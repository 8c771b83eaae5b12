package embedded

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"
)

// bodyChunkBytes is the step in which bodies grow in memory.
const bodyChunkBytes = 1 << 20

// bodyStall is the time for which a client may pause in the middle of a body.
const bodyStall = 30 * time.Second

// budget limits the total bytes of all bodies in memory. It is safe for
// concurrent use.
type budget struct {
	mu   sync.Mutex
	free int64
}

func (b *budget) take(n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n > b.free {
		return false
	}
	b.free -= n
	return true
}

func (b *budget) give(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.free += n
}

// body is a complete request body. The engine gets bodies only complete, with
// their length, so that slow or broken clients cost it nothing.
type body struct {
	chunks [][]byte
	size   int64
	held   int64
	budget *budget
}

// release returns the memory to the budget. The body must not be used after it.
func (b *body) release() {
	b.budget.give(b.held)
	b.held, b.chunks = 0, nil
}

// reader returns a new reader of the body; it may be called several times.
func (b *body) reader() io.ReadCloser {
	if b.size == 0 {
		return http.NoBody
	}
	parts := make([]io.Reader, len(b.chunks))
	for i, chunk := range b.chunks {
		parts[i] = bytes.NewReader(chunk)
	}
	return io.NopCloser(io.MultiReader(parts...))
}

// readBody reads the complete body of the request. It does not wait for the
// budget, since requests that each hold a part would deadlock.
func readBody(w http.ResponseWriter, r *http.Request, maxBytes int64, budget *budget) (*body, *refusal) {
	whole := &body{budget: budget}
	refused := whole.fill(w, r, maxBytes)
	if refused != nil {
		whole.release()
		return nil, refused
	}
	return whole, nil
}

func (b *body) fill(w http.ResponseWriter, r *http.Request, maxBytes int64) *refusal {
	control := http.NewResponseController(w)
	// If the deadline stayed set, the server would take a long query for a lost
	// client.
	defer func() { _ = control.SetReadDeadline(time.Time{}) }()
	if r.ContentLength > maxBytes {
		drain(r.Body, control)
		return tooLarge(maxBytes)
	}
	source := stallGuard{r.Body, control}
	for {
		step := int64(bodyChunkBytes)
		if r.ContentLength >= 0 {
			step = min(step, r.ContentLength-b.size)
		}
		// Reading one byte above the limit is enough.
		step = min(step, maxBytes-b.size+1)
		if step == 0 {
			return nil
		}
		if !b.budget.take(step) {
			return &refusal{
				http.StatusServiceUnavailable, codeTooManyQueries, "TOO_MANY_SIMULTANEOUS_QUERIES",
				"too much data is being sent at the same time; try again",
			}
		}
		b.held += step
		chunk := make([]byte, step)
		n, err := readChunk(source, chunk)
		b.chunks = append(b.chunks, chunk[:n])
		b.size += int64(n)
		switch {
		case b.size > maxBytes:
			drain(r.Body, control)
			return tooLarge(maxBytes)
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			return &refusal{http.StatusRequestTimeout, codeNetworkError, "NETWORK_ERROR", "the request body stalled"}
		case err != nil:
			return badRequest("the request body is cut short or malformed")
		}
	}
}

// drainTime is the time for which the rest of a refused body is read.
const drainTime = 2 * time.Second

// readChunk fills p as far as possible. Unlike io.ReadFull it returns the
// source's error unchanged: io.ErrUnexpectedEOF means that the client was cut
// off, and such a body must never pass for a complete one.
func readChunk(source io.Reader, p []byte) (int, error) {
	filled := 0
	for filled < len(p) {
		n, err := source.Read(p[filled:])
		filled += n
		if err != nil {
			return filled, err
		}
	}
	return filled, nil
}

// drain reads and discards for a while. If the connection closed while the
// client is still sending, the client would see a reset instead of the answer.
func drain(rest io.Reader, control *http.ResponseController) {
	if control.SetReadDeadline(time.Now().Add(drainTime)) == nil {
		_, _ = io.Copy(io.Discard, rest) // a fast client finishes, a slow one is cut off
	}
}

func tooLarge(maxBytes int64) *refusal {
	return &refusal{
		http.StatusRequestEntityTooLarge, codeTooManyBytes, "TOO_MANY_BYTES",
		fmt.Sprintf("the request body is larger than %d bytes; send smaller batches", maxBytes),
	}
}

// stallGuard moves the connection's deadline with every read.
type stallGuard struct {
	source  io.Reader
	control *http.ResponseController
}

func (s stallGuard) Read(p []byte) (int, error) {
	if err := s.control.SetReadDeadline(time.Now().Add(bodyStall)); err != nil {
		return 0, fmt.Errorf("set read deadline: %w", err)
	}
	return s.source.Read(p) // io.EOF must not be wrapped
}
