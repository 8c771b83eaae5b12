package sheet

import (
	"bufio"
	"errors"
	"io"
)

// maxObjectBytes is the largest object. Amazon's messages have at most 256 kB.
const maxObjectBytes = 1 << 20

// Object is a JSON object in a text.
type Object struct {
	Line  int    // line of its beginning, from 1
	Text  []byte // valid until the next call of Next
	Fault string // why it is not an object; "": its brackets and strings are balanced
}

// Scanner splits a text into JSON objects. It ignores brackets, commas and
// blanks between them, so it reads arrays, one object per line, and arrays on
// lines of their own. If an object is broken, the line where it began is a
// fault, and scanning continues with the next line.
type Scanner struct {
	in   *bufio.Reader
	line int
	text []byte
	open []byte // open brackets
	held []byte // bytes to read again, after a broken object
}

// NewScanner returns a scanner of a text in UTF-8.
func NewScanner(in io.Reader) *Scanner { return &Scanner{in: bufio.NewReaderSize(in, 1<<16), line: 1} }

func (s *Scanner) read() (byte, error) {
	if len(s.held) > 0 {
		c := s.held[0]
		s.held = s.held[1:]
		return c, nil
	}
	return s.in.ReadByte()
}

// Next returns the next object or fault; io.EOF after the last one.
func (s *Scanner) Next() (Object, error) {
	for {
		c, err := s.read()
		if err != nil {
			return Object{}, err
		}
		switch c {
		case '\n':
			s.line++
		case ' ', '\t', '\r', ',', '[', ']':
		case '{':
			return s.object()
		default:
			line := s.line
			s.text = append(s.text[:0], c)
			return Object{Line: line, Fault: NotObject}, s.skipLine()
		}
	}
}

// NotObject is the fault of a broken object, or of another text.
const NotObject = "it is not a JSON object"

const tooLongObject = "the object is longer than 1 MiB"

// skipLine reads up to the end of the line.
func (s *Scanner) skipLine() error {
	for {
		c, err := s.read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if c == '\n' {
			s.line++
			return nil
		}
	}
}

// object reads an object after its first bracket.
func (s *Scanner) object() (Object, error) {
	began := s.line
	s.text, s.open = append(s.text[:0], '{'), append(s.open[:0], '{')
	inString, escaped := false, false
	last := byte('{') // last significant character
	for len(s.open) > 0 {
		c, err := s.read()
		if errors.Is(err, io.EOF) {
			return s.broken(began, NotObject)
		}
		if err != nil {
			return Object{}, err
		}
		s.text = append(s.text, c)
		if len(s.text) > maxObjectBytes {
			return s.broken(began, tooLongObject)
		}
		switch {
		case c == '\n':
			s.line++
			if inString {
				return s.broken(began, NotObject)
			}
		case inString:
			switch {
			case escaped:
				escaped = false
			case c == '\\':
				escaped = true
			case c == '"':
				inString = false
			}
		case c == ' ' || c == '\t' || c == '\r':
		default:
			if (c == '{' || c == '[') && !s.mayOpen(last) {
				return s.broken(began, NotObject)
			}
			switch c {
			case '"':
				inString = true
			case '{', '[':
				s.open = append(s.open, c)
			case '}', ']':
				if s.open[len(s.open)-1] != c-2 { // in ASCII the two differ by 2
					return s.broken(began, NotObject)
				}
				s.open = s.open[:len(s.open)-1]
			}
			last = c
		}
	}
	return Object{Line: began, Text: s.text}, nil
}

// mayOpen reports whether a bracket may follow that character.
func (s *Scanner) mayOpen(last byte) bool {
	inArray := s.open[len(s.open)-1] == '['
	return last == ':' && !inArray || inArray && (last == '[' || last == ',')
}

// broken returns a fault and goes back to the second line of the object.
func (s *Scanner) broken(began int, reason string) (Object, error) {
	for i, c := range s.text {
		if c == '\n' {
			s.held = append(append([]byte(nil), s.text[i+1:]...), s.held...)
			s.line = began + 1
			return Object{Line: began, Fault: reason}, nil
		}
	}
	return Object{Line: began, Fault: reason}, s.skipLine()
}
