package sheet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
)

// Encoding is the character encoding of a file.
type Encoding struct {
	Name    string // for messages, such as UTF-8 or Windows 1252
	Guessed bool   // not evident from the file, which is merely not UTF-8
}

// ErrEncoding is wrapped by the error about a file in an unsupported encoding.
var ErrEncoding = errors.New("sheet: unknown encoding")

// namedEncoding is an encoding under the name that messages have for it.
type namedEncoding struct {
	name string
	encoding.Encoding
}

// encodings are the known ones: Unicode, one-byte encodings, and those in which
// Excel saves CSV in East Asia, and their equals on other systems.
var encodings = sync.OnceValue(func() []namedEncoding {
	all := []namedEncoding{
		{"UTF-8", unicode.UTF8},
		{"UTF-16LE", unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)},
		{"UTF-16BE", unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)},
	}
	for _, e := range charmap.All {
		if c, ok := e.(*charmap.Charmap); ok && c != charmap.XUserDefined {
			all = append(all, namedEncoding{c.String(), c})
		}
	}
	return append(all, namedEncoding{"Shift JIS", japanese.ShiftJIS}, namedEncoding{"EUC-JP", japanese.EUCJP},
		namedEncoding{"GB18030", simplifiedchinese.GB18030}, namedEncoding{"GBK", simplifiedchinese.GBK},
		namedEncoding{"Big5", traditionalchinese.Big5}, namedEncoding{"EUC-KR", korean.EUCKR})
})

// Encodings returns the names that Options.Encoding takes.
func Encodings() (names []string) {
	for _, e := range encodings() {
		names = append(names, e.name)
	}
	return names
}

// CheckEncoding returns ErrEncoding for a name that Options.Encoding does not
// accept. Case, blanks, dashes and underscores are ignored.
func CheckEncoding(name string) error {
	_, _, err := named(name)
	return err
}

func named(name string) (string, encoding.Encoding, error) {
	squeeze := strings.NewReplacer(" ", "", "-", "", "_", "")
	for _, e := range encodings() {
		if strings.EqualFold(squeeze.Replace(e.name), squeeze.Replace(name)) {
			return e.name, e.Encoding, nil
		}
	}
	return "", nil, fmt.Errorf("%w %q; known are %s", ErrEncoding, name, strings.Join(Encodings(), ", "))
}

// Rewindable returns r, or a copy of it, as a file that can be read twice, and
// a function that frees the copy.
func Rewindable(r io.Reader) (io.ReadSeeker, func() error, error) {
	nothing := func() error { return nil }
	if f, ok := r.(io.ReadSeeker); ok {
		if _, err := f.Seek(0, io.SeekCurrent); err == nil { // a pipe is an *os.File, too
			return f, nothing, nil
		}
	}
	f, err := os.CreateTemp("", "glint-sheet-*")
	if err != nil {
		return nil, nil, fmt.Errorf("copy the file: %w", err)
	}
	if err := errors.Join(os.Remove(f.Name()), copyTo(f, r)); err != nil {
		_ = f.Close()
		return nil, nil, err
	}
	return f, f.Close, nil
}

func copyTo(f *os.File, r io.Reader) error {
	if _, err := io.Copy(struct{ io.Writer }{f}, r); err != nil {
		return err
	}
	_, err := f.Seek(0, io.SeekStart)
	return err
}

// Text returns the rest of a file in UTF-8, without a byte order mark. The
// encoding is want, one of Encodings, or detected; ErrEncoding if that fails. A
// file that is known to be something else gives a *NotTextError.
func Text(f io.ReadSeeker, want string) (io.Reader, Encoding, error) {
	start, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, Encoding{}, err
	}
	found, mark, err := detect(f)
	if err != nil {
		return nil, Encoding{}, err
	}
	if want != "" {
		found = survey{encoding: Encoding{Name: want}}
	} else if found.unknown {
		return nil, Encoding{}, fmt.Errorf("%w: the text is neither UTF-8 nor UTF-16 nor Windows 1252", ErrEncoding)
	}
	name, decoder, err := named(found.encoding.Name)
	if err != nil {
		return nil, Encoding{}, err
	}
	found.encoding.Name = name
	if _, err := f.Seek(start+int64(mark), io.SeekStart); err != nil {
		return nil, Encoding{}, err
	}
	if name == "UTF-8" {
		return f, found.encoding, nil // unchanged: the caller handles bytes that are not UTF-8
	}
	return decoder.NewDecoder().Reader(f), found.encoding, nil
}

// survey is the evidence of a file's encoding.
type survey struct {
	encoding Encoding
	unknown  bool
}

// detect reads the whole file. mark is the length of its byte order mark.
func detect(f io.Reader) (s survey, mark int, err error) {
	buf := make([]byte, 1<<16)
	n, err := io.ReadFull(f, buf)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return s, 0, err
	}
	head := buf[:n]
	if err := NotText(head); err != nil {
		return s, 0, err
	}
	if name, mark := evident(head); name != "" || mark > 0 {
		return survey{Encoding{Name: name}, name == ""}, mark, nil
	}
	var c counts
	for {
		c.add(buf[:n])
		if n, err = f.Read(buf); err != nil && n == 0 {
			break
		}
	}
	if !errors.Is(err, io.EOF) {
		return s, 0, err
	}
	c.end()
	return c.verdict(), 0, nil
}

// evident returns the encoding that the beginning of a file shows, and the length of its
// byte order mark; "" with a mark: an encoding that is not supported.
func evident(head []byte) (name string, mark int) {
	for _, m := range []struct{ mark, name string }{
		{"\xff\xfe\x00\x00", ""}, {"\x00\x00\xfe\xff", ""}, // UTF-32
		{"\xef\xbb\xbf", "UTF-8"}, {"\xff\xfe", "UTF-16LE"}, {"\xfe\xff", "UTF-16BE"},
	} {
		if bytes.HasPrefix(head, []byte(m.mark)) {
			return m.name, len(m.mark)
		}
	}
	return utf16Name(head[:min(len(head), 4096)]), 0
}

// FromUTF16 returns in, which begins with head, as UTF-8 without a byte order mark, if head
// is UTF-16; otherwise nil. Unlike Text it reads in once, so it does not see whether a text
// in bytes is UTF-8.
func FromUTF16(head []byte, in io.Reader) (io.Reader, error) {
	name, mark := evident(head)
	if name == "" || name == "UTF-8" {
		return nil, nil //nolint:nilnil // another encoding is no error
	}
	_, decoder, err := named(name)
	if err != nil {
		return nil, err
	}
	if _, err := io.CopyN(io.Discard, in, int64(mark)); err != nil {
		return nil, err
	}
	return decoder.NewDecoder().Reader(in), nil
}

// utf16Name recognizes UTF-16 without a mark: in a stretch of Latin text every
// other byte is zero.
func utf16Name(head []byte) string {
	var zeros [2]int
	for i, b := range head {
		if b == 0 {
			zeros[i&1]++
		}
	}
	pairs := len(head) / 2
	switch {
	case zeros[1] > pairs/4 && zeros[0] <= pairs/100:
		return "UTF-16LE"
	case zeros[0] > pairs/4 && zeros[1] <= pairs/100:
		return "UTF-16BE"
	}
	return ""
}

// counts is the evidence for and against UTF-8.
type counts struct {
	multibyte int // characters of several bytes
	invalid   int // bytes outside any character
	undefined int // of these, bytes undefined in Windows 1252
	tail      []byte
}

func (c *counts) add(chunk []byte) {
	if len(c.tail) > 0 {
		chunk = append(c.tail, chunk...)
		c.tail = nil
	}
	for len(chunk) > 0 {
		if chunk[0] < utf8.RuneSelf {
			chunk = chunk[ascii(chunk):]
			continue
		}
		if !utf8.FullRune(chunk) {
			c.tail = bytes.Clone(chunk)
			return
		}
		chunk = c.character(chunk)
	}
}

// ascii returns the number of ASCII bytes at the beginning of b.
func ascii(b []byte) int {
	for i, c := range b {
		if c >= utf8.RuneSelf {
			return i
		}
	}
	return len(b)
}

func (c *counts) character(b []byte) (rest []byte) {
	r, size := utf8.DecodeRune(b)
	if r != utf8.RuneError || size > 1 {
		c.multibyte++
		return b[size:]
	}
	c.invalid++
	switch b[0] {
	case 0x81, 0x8d, 0x8f, 0x90, 0x9d:
		c.undefined++
	}
	return b[1:]
}

func (c *counts) end() {
	for len(c.tail) > 0 {
		c.tail = c.character(c.tail)
	}
}

// verdict takes a file for UTF-8 if most of its non-ASCII bytes are valid; the
// others are faults of their rows.
func (c *counts) verdict() survey {
	switch {
	case c.invalid <= 10*c.multibyte:
		return survey{encoding: Encoding{Name: "UTF-8"}}
	case c.undefined > 0:
		return survey{unknown: true}
	}
	return survey{encoding: Encoding{Name: charmap.Windows1252.String(), Guessed: true}}
}
