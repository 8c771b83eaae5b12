package codec

import (
	"bytes"
	"errors"
	"io"
	"slices"
)

// Counter counts the lines of the bytes written to it, in parts of any size.
// The zero value is ready. A line of ASCII white space only does not count; the
// last line needs no line feed.
type Counter struct {
	MaxLineBytes int // longer lines are counted in Long; 0: no limit

	Lines int
	Long  int
	Ended int // all lines, blank ones included

	length int  // length of the unfinished line
	text   bool // the unfinished line has more than white space
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

// End counts the unfinished line, if any.
func (c *Counter) End() { c.end() }

func (c *Counter) end() {
	c.Ended++
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

// Counts are the results of Count for one body.
type Counts struct {
	Lines        int
	LongLines    int
	DecodedBytes int64
}

// Limits bound the decoded form of a body. Lines bounds blank lines too, since
// each reader of the body must skip them.
type Limits struct {
	Bytes     int64
	Lines     int // 0: any number
	LineBytes int // longer lines are counted in LongLines; 0: no limit
}

// Count decodes sent and counts its lines, without keeping the decoded bytes.
// Above the limit of bytes or lines it returns ErrTooLarge. It calls look,
// unless nil, once with the first decoded bytes; look must not keep them.
func Count(c Codec, sent []byte, limits Limits, look func(head []byte)) (Counts, error) {
	counter := Counter{MaxLineBytes: limits.LineBytes}
	tooMany := func() bool { return limits.Lines > 0 && counter.Ended > limits.Lines }
	if c == Plain {
		if int64(len(sent)) > limits.Bytes {
			return Counts{}, ErrTooLarge
		}
		if look != nil {
			look(sent[:min(len(sent), scratchBytes)])
		}
		for part := range slices.Chunk(sent, 1<<20) {
			if counter.Add(part); tooMany() {
				return Counts{}, ErrTooLarge
			}
		}
		counter.End()
		return Counts{counter.Lines, counter.Long, int64(len(sent))}, nil
	}
	r, err := NewReader(c, sent, limits.Bytes)
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
		case tooMany():
			return Counts{}, ErrTooLarge
		case errors.Is(err, io.EOF):
			counter.End()
			return Counts{counter.Lines, counter.Long, total}, nil
		case err != nil:
			return Counts{}, err
		}
	}
}
