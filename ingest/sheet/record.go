package sheet

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// The reasons of faulty rows.
const tooLongReason = "the row is longer than 1 MiB or has more than 4,096 cells; perhaps a quote before it does not end"

const (
	openQuoteReason = "a quoted cell does not end, or goes on after its quote"
	bareQuoteReason = "a quote within a cell that is not quoted"
)

// lines reads lines that end with LF, CR or CR LF.
type lines struct {
	in     *bufio.Reader
	number int    // number of the last line read, from 1
	long   []byte // memory for a line that is not contiguous in the buffer
	lf     bool   // the last line ended with CR, so a following LF belongs to it
}

// next returns the next line without its end, valid until the next call. If it
// is longer than MaxRowBytes, it returns only tooLong. It returns io.EOF at the
// end.
func (l *lines) next() (line []byte, tooLong bool, err error) {
	l.long = l.long[:0]
	begun := false
	for {
		chunk, err := l.buffered()
		if errors.Is(err, io.EOF) && begun {
			return l.long, tooLong, nil
		}
		if err != nil {
			return nil, false, err
		}
		if !begun {
			begun = true
			l.number++
		}
		end := lineEnd(chunk)
		part := chunk[:max(end, 0)]
		if end < 0 {
			part = chunk
		}
		if tooLong = tooLong || len(l.long)+len(part) > MaxRowBytes; tooLong {
			l.long = l.long[:0]
		} else if end < 0 || len(l.long) > 0 {
			l.long = append(l.long, part...)
		}
		if end < 0 {
			_, _ = l.in.Discard(len(chunk)) // they are in the buffer
			continue
		}
		l.lf = chunk[end] == '\r'
		_, _ = l.in.Discard(end + 1)
		if len(l.long) > 0 || tooLong {
			return l.long, tooLong, nil
		}
		return part, false, nil
	}
}

// buffered returns the content of the buffer, at least one byte of a line.
func (l *lines) buffered() ([]byte, error) {
	for {
		if _, err := l.in.Peek(1); err != nil {
			return nil, err
		}
		chunk, _ := l.in.Peek(l.in.Buffered())
		if !l.lf {
			return chunk, nil
		}
		l.lf = false
		if chunk[0] != '\n' {
			return chunk, nil
		}
		_, _ = l.in.Discard(1)
	}
}

// lineEnd returns the index of the first CR or LF, or -1.
func lineEnd(chunk []byte) int {
	lf := bytes.IndexByte(chunk, '\n')
	head := chunk
	if lf >= 0 {
		head = chunk[:lf]
	}
	if cr := bytes.IndexByte(head, '\r'); cr >= 0 {
		return cr
	}
	return lf
}

// parse reads the row that begins with line, and the lines after it that belong
// to a quoted cell, into record and ends. It returns the reason if the row is
// faulty.
func (s *Reader) parse(line []byte) (reason string, err error) {
	s.record, s.ends, s.loose, s.endless = s.record[:0], s.ends[:0], "", false
	for {
		if len(s.ends) == MaxCells {
			return tooLongReason, nil
		}
		if quoted, ok := s.opens(line); ok {
			var last bool
			if line, last, reason, err = s.quoted(quoted); reason != "" || err != nil {
				return reason, err
			}
			if last {
				return "", nil
			}
			continue
		}
		end := bytes.IndexByte(line, s.Comma)
		cell := line
		if end >= 0 {
			cell = line[:end]
		}
		if bytes.IndexByte(cell, '"') >= 0 && !isFormula(cell) {
			s.loose = bareQuoteReason
		}
		s.record = append(s.record, cell...)
		s.ends = append(s.ends, len(s.record))
		if end < 0 {
			return "", nil
		}
		line = line[end+1:]
	}
}

// opens reports whether a quoted cell begins the line, and returns the rest
// after its quote. Blanks may precede the quote of a cell that ends on its line.
func (s *Reader) opens(line []byte) (rest []byte, ok bool) {
	if len(line) == 0 || line[0] != '"' && line[0] != ' ' {
		return nil, false
	}
	if line[0] == '"' {
		return line[1:], true
	}
	rest = bytes.TrimLeft(line, " ")
	if len(rest) == 0 || rest[0] != '"' {
		return nil, false
	}
	rest = rest[1:]
	return rest, s.closes(rest)
}

// closes reports whether a quote that ends a cell is in the rest of a line. It
// is linear over all calls for one line, since after true the cell goes on to
// that quote, and false is remembered.
func (s *Reader) closes(rest []byte) bool {
	for !s.endless {
		i := bytes.IndexByte(rest, '"')
		if i < 0 {
			s.endless = true
			break
		}
		if rest = rest[i+1:]; s.endsCell(rest) {
			return true
		}
		rest = bytes.TrimPrefix(rest, []byte{'"'}) // a doubled one
	}
	return false
}

// endsCell reports whether nothing but blanks is between a quote and the end of
// its cell.
func (s *Reader) endsCell(rest []byte) bool {
	rest = bytes.TrimLeft(rest, " ")
	return len(rest) == 0 || rest[0] == s.Comma
}

// quoted reads a cell after its first quote and returns the rest of the line
// after its comma; last reports that no comma follows. A quote within the cell
// that is not doubled belongs to the text if the cell ends later on its first
// line.
func (s *Reader) quoted(line []byte) (rest []byte, last bool, reason string, err error) {
	over := false                // the row is too long, but its end must be found
	first, closes := true, false // line is the one on which the cell begins, and has its end
	for {
		end := bytes.IndexByte(line, '"')
		part := line
		if end >= 0 {
			part = line[:end]
		}
		if over = over || len(s.record)+len(part) > MaxRowBytes; !over {
			s.record = append(s.record, part...)
		}
		if end < 0 {
			var tooLong bool
			line, tooLong, err = s.lines.next()
			switch {
			case errors.Is(err, io.EOF) && over:
				return nil, true, tooLongReason, nil
			case errors.Is(err, io.EOF):
				return nil, true, openQuoteReason, nil
			case err != nil:
				return nil, true, "", err
			}
			first, s.endless = false, false
			if over = over || tooLong; !over {
				s.record = append(s.record, '\n')
			}
			continue
		}
		line = line[end+1:]
		switch {
		case len(line) > 0 && line[0] == '"':
			s.record = append(s.record, '"')
			line = line[1:]
		case over:
			return nil, true, tooLongReason, nil
		case s.endsCell(line):
			s.ends = append(s.ends, len(s.record))
			if line = bytes.TrimLeft(line, " "); len(line) == 0 {
				return nil, true, "", nil
			}
			return line[1:], false, "", nil
		case first && (closes || s.closes(line)):
			closes, s.loose = true, openQuoteReason
			s.record = append(bytes.TrimSuffix(s.record, []byte{'\\'}), '"') // databases write \"
		default:
			return nil, true, openQuoteReason, nil
		}
	}
}

// isFormula reports whether a cell is a formula that gives a text, like
// ="00123", by which spreadsheets are kept from taking the text for a number.
func isFormula(cell []byte) bool {
	return len(cell) >= 3 && cell[0] == '=' && cell[1] == '"' && cell[len(cell)-1] == '"' && bytes.IndexByte(cell[2:len(cell)-1], '"') < 0
}
