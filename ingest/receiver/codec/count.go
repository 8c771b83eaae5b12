package codec

import (
	"bytes"
	"errors"
	"io"
)

// Counter counts the lines of what is written to it, in parts of any size. The
// zero value is ready. A line of nothing but ASCII white space does not count;
// the last one needs no line feed.
type Counter struct {
	MaxLineBytes int // a line above it is counted in Long; 0: no line is

	Lines int
	Long  int

	length int  // of the line that has begun
	text   bool // it has more than white space
}

// Add counts the lines that end in p.
func (c *Counter) Add(p []byte) {
	for len(p) > 0 {
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			c.text = c.text || !blank(p)
			c.length += len(p)
			return
		}
		c.text = c.text || !blank(p[:i])
		c.length += i
		c.end()
		p = p[i+1:]
	}
}

// End counts the line that has begun, if any.
func (c *Counter) End() { c.end() }

func (c *Counter) end() {
	if c.text {
		c.Lines++
		if c.MaxLineBytes > 0 && c.length > c.MaxLineBytes {
			c.Long++
		}
	}
	c.length, c.text = 0, false
}

func blank(p []byte) bool {
	for _, b := range p {
		if b != ' ' && (b < '\t' || b > '\r') {
			return false
		}
	}
	return true
}

// Counts is what Count found out about a body.
type Counts struct {
	Lines        int
	LongLines    int
	DecodedBytes int64
}

// Count decodes sent and counts its lines; the decoded bytes are not kept. Above
// maxBytes of them it returns ErrTooLarge. It calls look once, with the first
// decoded bytes, as many as come at once, which look must not keep; nil: it does not.
func Count(c Codec, sent []byte, maxBytes int64, maxLineBytes int, look func(head []byte)) (Counts, error) {
	counter := Counter{MaxLineBytes: maxLineBytes}
	if c == Plain {
		if int64(len(sent)) > maxBytes {
			return Counts{}, ErrTooLarge
		}
		if look != nil {
			look(sent[:min(len(sent), scratchBytes)])
		}
		counter.Add(sent)
		counter.End()
		return Counts{counter.Lines, counter.Long, int64(len(sent))}, nil
	}
	r, err := NewReader(c, sent, maxBytes)
	if err != nil {
		return Counts{}, err
	}
	defer r.Close()
	scratch := scratches.Get().(*[scratchBytes]byte)
	defer scratches.Put(scratch)
	total := int64(0)
	for {
		n, err := r.Read(scratch[:])
		if look != nil && n > 0 {
			look(scratch[:n])
			look = nil
		}
		counter.Add(scratch[:n])
		total += int64(n)
		switch {
		case errors.Is(err, io.EOF):
			counter.End()
			return Counts{counter.Lines, counter.Long, total}, nil
		case err != nil:
			return Counts{}, err
		}
	}
}
