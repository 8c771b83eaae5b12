package output

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func FuzzCSVIsReadAsItWasWritten(f *testing.F) {
	for _, cell := range []string{"", "a", "=1+1", "+49 30", "-", "@x", "\tx", "\rx", `"`, `a"b`, "a,b", "a\nb", "=\"", " a ", "\xff"} {
		f.Add(cell, "b")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		var out bytes.Buffer
		c := NewCSV(&out)
		c.Row(a, b)
		if err := c.Flush(); err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(out.String(), "\r\n") {
			t.Errorf("%q does not end with CRLF", out.String())
		}
		got, err := csv.NewReader(strings.NewReader(out.String())).Read()
		if err != nil {
			t.Fatalf("%q: %v", out.String(), err)
		}
		// encoding/csv reads CRLF in a cell as LF.
		want := []string{plain(a), plain(b)}
		for i := range want {
			want[i] = strings.ReplaceAll(want[i], "\r\n", "\n")
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func plain(cell string) string {
	for _, begin := range []string{"=", "+", "-", "@", "\t", "\r"} {
		if strings.HasPrefix(cell, begin) {
			return "'" + cell
		}
	}
	return cell
}

func TestFlushReturnsTheErrorOfARow(t *testing.T) {
	full := errors.New("disk full")
	r, w := io.Pipe()
	_ = r.CloseWithError(full)
	c := NewCSV(w)
	for range 100_000 {
		c.Row("a", "b")
	}
	if err := c.Flush(); !errors.Is(err, full) {
		t.Errorf("%v, want the writer's error", err)
	}
}
