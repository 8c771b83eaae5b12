package sheet

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// table is a table as a test reads it: the header, then the rows.
type table struct {
	Rows   []string // cells between bars, after the row's line
	Faults []string
	Blank  int
}

func read(tb testing.TB, r io.Reader, o Options) (t table, s *Reader) {
	tb.Helper()
	s, err := Open(r, o)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	}()
	t.Rows = []string{strings.Join(s.Header, "|")}
	for {
		row, err := s.Next()
		if errors.Is(err, io.EOF) {
			t.Blank = s.Blank
			return t, s
		}
		if fault, ok := errors.AsType[*RowError](err); ok {
			t.Faults = append(t.Faults, fault.Error())
			continue
		}
		if err != nil {
			tb.Fatal(err)
		}
		text := fmt.Sprint(row.Line, " ", strings.Join(row.Cells, "|"))
		if row.Short {
			text += " (short)"
		}
		t.Rows = append(t.Rows, text)
	}
}

func TestTablesAsPeopleHaveThem(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       table
	}{
		{"commas", "a,b\n1,2\n", table{Rows: []string{"a|b", "2 1|2"}}},
		{"no line end at the end", "a,b\n1,2", table{Rows: []string{"a|b", "2 1|2"}}},
		{"semicolons", "a;b\n1;2\n", table{Rows: []string{"a|b", "2 1|2"}}},
		{"semicolons with decimal commas", "a;b;c\n1,5;2,5;x\n1,5;2,5;y\n", table{Rows: []string{"a|b|c", "2 1,5|2,5|x", "3 1,5|2,5|y"}}},
		{"semicolons and a comma in the header", "name, first;mail\nx, y;z\nu;v\n", table{Rows: []string{"name, first|mail", "2 x, y|z", "3 u|v"}}},
		{"tabs", "a\tb\n1\t2\n", table{Rows: []string{"a|b", "2 1|2"}}},
		{"bars", "a|b\n1|2\n", table{Rows: []string{"a|b", "2 1|2"}}},
		{"commas in quotes do not count", "\"a,b\";c\n\"1,2\";3\n", table{Rows: []string{"a,b|c", "2 1,2|3"}}},
		{"one column", "a\n1\n", table{Rows: []string{"a", "2 1"}}},
		{"one column whose cells have semicolons", "a\n1;2\n", table{Rows: []string{"a", "2 1;2"}}},
		{"sep line", "sep=,\na,b\n1,2\n", table{Rows: []string{"a|b", "3 1|2"}}},
		{"sep line with a semicolon", "SEP=;\r\na;b\r\n1;2\r\n", table{Rows: []string{"a|b", "3 1|2"}}},
		{"sep line with a tab, in quotes", "\"sep=\t\"\na\tb,c\n1\t2\n", table{Rows: []string{"a|b,c", "3 1|2"}}},
		{"CR", "a,b\r1,2\r3,4\r", table{Rows: []string{"a|b", "2 1|2", "3 3|4"}}},
		{"CR LF", "a,b\r\n1,2\r\n3,4\r\n", table{Rows: []string{"a|b", "2 1|2", "3 3|4"}}},
		{"all line ends in one file", "a,b\r1,2\r\n3,4\n5,6", table{Rows: []string{"a|b", "2 1|2", "3 3|4", "4 5|6"}}},
		{"blank lines", "\n\na,b\n\n1,2\n\n\n", table{Rows: []string{"a|b", "5 1|2"}, Blank: 3}},
		{"blank rows", "a,b\n,\n1,2\n , \n\u200b,\u00a0\n,,,\n", table{Rows: []string{"a|b", "3 1|2"}, Blank: 4}},
		{"line ends in quotes", "a,b\n\"1\r\n\n2\",3\n4,5\n", table{Rows: []string{"a|b", "2 1\n\n2|3", "5 4|5"}}},
		{"quotes in quotes", "a,b\n\"say \"\"x\"\"\",\"\"\n\"\"\"\",2\n", table{Rows: []string{"a|b", "2 say \"x\"|", "3 \"|2"}}},
		{"a header over two lines", "\"a\nb\",c\n1,2\n", table{Rows: []string{"a\nb|c", "3 1|2"}}},
		{"a comma too many at the end", "a,b\n1,2,\n3,4,,\n", table{Rows: []string{"a|b", "2 1|2", "3 3|4"}}},
		{"columns without names", "a,b,,\n1,2\n3,4,5\n6,7,8,9\n", table{Rows: []string{"a|b||", "2 1|2||", "3 3|4|5|", "4 6|7|8|9"}}},
		{"too few and too many cells", "a,b\n1\n1,2,3\n4,5\n", table{
			Rows: []string{"a|b", "2 1| (short)", "4 4|5"}, Faults: []string{"line 3: the header has 2 cells, this row 3"},
		}},
		{"text after a quote costs one row", "a,b\n\"1\"x,2\n3,4\n", table{Rows: []string{"a|b", "3 3|4"}, Faults: []string{"line 2: " + openQuoteReason}}},
		{"an open quote costs the rest", "a,b\n1,2\n\"3,4\n5,6\n", table{Rows: []string{"a|b", "2 1|2"}, Faults: []string{"line 3: " + openQuoteReason}}},
		{"a byte order mark", "\ufeff\"a\",b\n1,2\n", table{Rows: []string{"a|b", "2 1|2"}}},
		{"NUL bytes stay where they are", "a,b\n1\x00,2\n", table{Rows: []string{"a|b", "2 1\x00|2"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _ := read(t, strings.NewReader(c.text), Options{})
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFilesWithoutAHeader(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", ErrEmpty.Error()},
		{"a byte order mark", "\ufeff", ErrEmpty.Error()},
		{"blank lines", "\r\n \n\t\n", ErrEmpty.Error()},
		{"only a sep line", "sep=;\n", ErrEmpty.Error()},
		{"a quote that does not end", "\"a\nb", "line 1: " + openQuoteReason},
		{"a line of two megabytes", strings.Repeat("a", 2<<20), "line 1: " + tooLongReason},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := Open(strings.NewReader(c.text), Options{}); err == nil || err.Error() != c.want {
				t.Errorf("Open: %v, want %q", err, c.want)
			}
		})
	}
}

func TestReadErrorIsReturned(t *testing.T) {
	broken := errors.New("no disk")
	for _, before := range []string{"", "a\n1\n"} {
		if _, err := Open(io.MultiReader(strings.NewReader(before), iotest.ErrReader(broken)), Options{}); !errors.Is(err, broken) {
			t.Errorf("after %q: %v, want the reader's error", before, err)
		}
	}
}

// TestPipesLeaveNoFile reads from a pipe, which cannot be read twice.
func TestPipesLeaveNoFile(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		_, _ = io.WriteString(w, "a,b\nJ\xf6rg,2\n")
		_ = w.Close()
	}()
	got, s := read(t, r, Options{})
	if diff := cmp.Diff([]string{"a|b", "2 Jörg|2"}, got.Rows); diff != "" || s.Encoding.Name != "Windows 1252" {
		t.Errorf("%v, rows (-want +got):\n%s", s.Encoding, diff)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) > 0 {
		t.Errorf("%v are left: %v", files, err)
	}
}

// endless returns text again and again, size bytes of it.
func endless(text string, size int) io.Reader {
	return io.LimitReader(readerFunc(func(p []byte) (int, error) {
		n := copy(p, text)
		for n < len(p) {
			n += copy(p[n:], p[:n])
		}
		return n, nil
	}), int64(size))
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// TestARowOfAnySizeTakesNoMemory reads rows of 64 MB in each way that a row can
// be large, with a good row before and after.
func TestARowOfAnySizeTakesNoMemory(t *testing.T) {
	const size = 64 << 20
	for _, c := range []struct{ name, before, unit, after string }{
		{"one cell", "", "abcdefgh", ""},
		{"one quoted cell", "\"", "abcdefgh", "\""},
		{"one quoted cell of many lines", "\"", "abcdefg\n", "\""},
		{"many cells", "", "a,a,a,a,", ""},
		{"many quotes", "\"", "\"\"\"\"", "\""},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := t.TempDir() + "/large.csv"
			f, err := os.Create(path)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = f.Close() }()
			text := io.MultiReader(strings.NewReader("a,b\n1,2\n"+c.before), endless(c.unit, size), strings.NewReader(c.after+",x\n3,4\n"))
			if _, err := io.Copy(f, text); err != nil {
				t.Fatal(err)
			}
			if _, err := f.Seek(0, io.SeekStart); err != nil {
				t.Fatal(err)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			got, _ := read(t, f, Options{})
			runtime.ReadMemStats(&after)
			if len(got.Rows) != 3 || !strings.HasSuffix(got.Rows[2], " 3|4") || len(got.Faults) != 1 || got.Faults[0] != "line 3: "+tooLongReason {
				t.Errorf("rows %q, faults %q; want two rows and line 3 as a fault", got.Rows, got.Faults)
			}
			if took := after.TotalAlloc - before.TotalAlloc; took > 16<<20 {
				t.Errorf("%d MB were allocated for a row of %d MB", took>>20, size>>20)
			}
		})
	}
}
