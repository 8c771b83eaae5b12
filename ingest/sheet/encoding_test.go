package sheet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
)

// writing is one way in which programs write text.
type writing struct {
	name     string // as Reader.Encoding has it
	mark     string
	encoding encoding.Encoding
}

var writings = []writing{
	{"UTF-8", "", encoding.Nop},
	{"UTF-8", "\xef\xbb\xbf", encoding.Nop},
	{"UTF-16LE", "\xff\xfe", unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)},
	{"UTF-16LE", "", unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)},
	{"UTF-16BE", "\xfe\xff", unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)},
	{"UTF-16BE", "", unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)},
	{"Windows 1252", "", charmap.Windows1252},
}

// TestOneTableInAnyForm writes random tables in every encoding with every
// separator and line end: all read the same.
func TestOneTableInAnyForm(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	letters := []rune("abcdefgh XYZ0123@.-_éöüßÄñ€\"',;|\t\n")
	read8 := 0
	for range 40 {
		rows := [][]string{{"recipient", "näme", "note"}}
		for range 1 + random.IntN(30) {
			row := make([]string, 3)
			for i := range row {
				for range random.IntN(12) {
					row[i] += string(letters[random.IntN(len(letters))])
				}
			}
			row[0] = "x" + row[0]
			rows = append(rows, row)
		}
		for _, w := range writings {
			for _, comma := range []string{",", ";", "\t", "|"} {
				for _, end := range []string{"\n", "\r\n", "\r"} {
					text, err := w.encoding.NewEncoder().String(format(rows, comma, end))
					if err != nil {
						t.Fatal(err)
					}
					got, name := cells(t, w.mark+text)
					if diff := cmp.Diff(rows, got); diff != "" || name != w.name {
						t.Fatalf("%+v with %q and %q is read as %s (-want +got):\n%s", w, comma, end, name, diff)
					}
					read8++
				}
			}
		}
	}
	if read8 != 40*7*4*3 {
		t.Errorf("%d tables were read", read8)
	}
}

func format(rows [][]string, comma, end string) string {
	var text strings.Builder
	for _, row := range rows {
		for i, cell := range row {
			if i > 0 {
				text.WriteString(comma)
			}
			if strings.ContainsAny(cell, ",;|\t\n\"") {
				cell = `"` + strings.ReplaceAll(strings.ReplaceAll(cell, `"`, `""`), "\n", end) + `"`
			}
			text.WriteString(cell)
		}
		text.WriteString(end)
	}
	return text.String()
}

func cells(tb testing.TB, text string) (rows [][]string, encoding string) {
	tb.Helper()
	s, err := Open(strings.NewReader(text), Options{})
	if err != nil {
		tb.Fatal(err)
	}
	rows = append(rows, s.Header)
	for {
		row, err := s.Next()
		if err != nil {
			if errors.As(err, new(*RowError)) {
				tb.Fatal(err)
			}
			return rows, s.Encoding.Name
		}
		rows = append(rows, append([]string(nil), row.Cells...))
	}
}

func TestWhatIsTakenForAnEncoding(t *testing.T) {
	ascii := strings.Repeat("ada@example.com,Ada\n", 5000) // several chunks
	for _, c := range []struct {
		name, text, want string
		guessed          bool
	}{
		{"ASCII", ascii, "UTF-8", false},
		{"UTF-8 at the end", ascii + "Jörg,ü\n", "UTF-8", false},
		{"Windows 1252 at the end", ascii + "J\xf6rg,\xfc\n", "Windows 1252", true},
		{"one broken cell in UTF-8", ascii + "Jörg,ü\nB\xc3,x\n", "UTF-8", false},
		{"a character cut off at the end", ascii + "Jörg,ü\xc3", "UTF-8", false},
		{"a stray NUL", "a,b\n\x001,2\n" + ascii, "UTF-8", false},
		{"UTF-16 without a mark, of other scripts", utf16("имя,почта\nИван,ivan@example.ru\nОльга,olga@example.ru\n"), "UTF-16LE", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := Open(iotest.HalfReader(strings.NewReader(c.text)), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if s.Encoding != (Encoding{c.want, c.guessed}) {
				t.Errorf("read as %+v", s.Encoding)
			}
		})
	}
	for name, text := range map[string]string{
		"UTF-32":                          "\xff\xfe\x00\x00a\x00\x00\x00",
		"bytes that Windows 1252 has not": "a,b\n\x81\x8d,\xfc\n",
	} {
		if _, err := Open(strings.NewReader(text), Options{}); !errors.Is(err, ErrEncoding) {
			t.Errorf("%s: %v, want ErrEncoding", name, err)
		}
	}
}

func utf16(text string) string {
	b, err := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder().String(text)
	if err != nil {
		panic(err) // of a constant text
	}
	return b
}

func TestNamedEncodings(t *testing.T) {
	for name, text := range map[string]string{
		"windows-1251": "\xc8\xe2\xe0\xed", "KOI8-R": "\xe9\xd7\xc1\xce", "iso_8859-5": "\xb8\xd2\xd0\xdd", "utf8": "Иван", "UTF-16le": utf16("Иван"),
	} {
		got, s := read(t, strings.NewReader(bytesOf(name, "a\n")+text), Options{Encoding: name})
		if len(got.Rows) != 2 || got.Rows[1] != "2 Иван" || s.Encoding.Guessed {
			t.Errorf("%s is read as %q in %+v", name, got.Rows, s.Encoding)
		}
	}
	for _, name := range []string{"utf-7", "x", "Windows 12"} {
		if err := CheckEncoding(name); !errors.Is(err, ErrEncoding) {
			t.Errorf("%s: %v, want ErrEncoding", name, err)
		}
	}
}

func bytesOf(name, text string) string {
	if strings.HasPrefix(name, "UTF-16") {
		return utf16(text)
	}
	return text
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{"a,b\n1,2\n", "sep=;\r\"a\n\"\"\";b\r\n,\n", "\xff\xfea\x00\n\x00", "a\nJ\xf6rg\n\"", "\ufeffa\tb\r\r\n\x00"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := Open(bytes.NewReader(text), Options{})
		if err != nil {
			return
		}
		lines := 0
		for {
			row, err := s.Next()
			fault, isFault := errors.AsType[*RowError](err)
			switch {
			case isFault:
				row.Line = fault.Line
			case err != nil:
				return
			case len(row.Cells) != len(s.Header):
				t.Fatal(fmt.Sprint(len(row.Cells), " cells, the header has ", len(s.Header)))
			}
			if row.Line <= lines {
				t.Fatalf("line %d after line %d", row.Line, lines)
			}
			lines = row.Line
		}
	})
}

// TestTablesOfEastAsiaAreRead: Excel saves CSV in the encoding of the machine's
// language, in some of which the second byte of a character is a separator.
func TestTablesOfEastAsiaAreRead(t *testing.T) {
	for _, c := range []struct {
		name, text string
		encoding   encoding.Encoding
	}{
		{"shift_jis", "recipient,名前|ソ\na@example.jp,表示|能\n", japanese.ShiftJIS},
		{"EUC-JP", "recipient,名前|ソ\na@example.jp,表示|能\n", japanese.EUCJP},
		{"gbk", "recipient,姓名|x\na@example.cn,王伟|丁\n", simplifiedchinese.GBK},
		{"gb18030", "recipient,姓名|x\na@example.cn,王伟|丁\n", simplifiedchinese.GB18030},
		{"big5", "recipient,姓名|x\na@example.tw,許功|蓋\n", traditionalchinese.Big5},
		{"euc_kr", "recipient,이름|x\na@example.kr,홍길동|김\n", korean.EUCKR},
	} {
		text, err := c.encoding.NewEncoder().String(c.text)
		if err != nil {
			t.Fatal(err)
		}
		if err := CheckEncoding(c.name); err != nil {
			t.Error(err)
		}
		in, _, err := Text(strings.NewReader(text), c.name)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got, err := io.ReadAll(in); err != nil || string(got) != c.text {
			t.Errorf("%s: %q, %v, want %q", c.name, got, err, c.text)
		}
	}
}
