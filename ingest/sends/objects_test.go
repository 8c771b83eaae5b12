package sends

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/unicode"
)

func TestObjectsAreRowsOfRecipients(t *testing.T) {
	utf16, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(`{"recipient":"ä@example.com"}`)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, text string
		options    ReadOptions
		header     []string
		cells      [][]string
		lines      []int32
	}{
		{"lines", "{\"recipient\":\"a\",\"n\":1}\n{\"recipient\":\"b\"}\n", ReadOptions{}, []string{"recipient", "n"}, [][]string{{"a", "1"}, {"b", ""}}, []int32{1, 2}},
		{"blank lines and CR LF", "\r\n{\"recipient\":\"a\"}\r\n\r\n{\"recipient\":\"b\"}\r\n", ReadOptions{}, []string{"recipient"}, [][]string{{"a"}, {"b"}}, []int32{2, 4}},
		{"a list", "[\n {\"recipient\":\"a\"},\n {\"recipient\":\"b\"}\n]", ReadOptions{}, []string{"recipient"}, [][]string{{"a"}, {"b"}}, []int32{2, 3}},
		{"one object over lines", "{\n \"name\": \"Ada\",\n \"recipient\": \"a\"\n}\n", ReadOptions{}, []string{"name", "recipient"}, [][]string{{"Ada", "a"}}, []int32{1}},
		{"a field that comes late, in any order", "{\"recipient\":\"a\"}\n{\"x\":true,\"recipient\":\"b\"}", ReadOptions{}, []string{"recipient", "x"}, [][]string{{"a", ""}, {"b", "true"}}, []int32{1, 2}},
		{"null, numbers, lists", `{"recipient":"a","n":null,"big":12345678901234567890,"l":[1,"x"]}`, ReadOptions{}, []string{"recipient", "n", "big", "l"}, [][]string{{"a", "", "12345678901234567890", `[1,"x"]`}}, []int32{1}},
		{"escapes", `{"recipient":"\u0061\u00e4@b","q":"a\"\n"}`, ReadOptions{}, []string{"recipient", "q"}, [][]string{{"aä@b", "a\"\n"}}, []int32{1}},
		{"a usual name", `{"Email":"a@example.com"}`, ReadOptions{}, []string{"Email"}, [][]string{{"a@example.com"}}, []int32{1}},
		{"a mark", "\ufeff{\"recipient\":\"a\"}", ReadOptions{}, []string{"recipient"}, [][]string{{"a"}}, []int32{1}},
		{"UTF-16", utf16, ReadOptions{}, []string{"recipient"}, [][]string{{"ä@example.com"}}, []int32{1}},
		{"a table that is said to be one", "{recipient}\n", ReadOptions{Format: FormatCSV, RecipientColumn: "{recipient}"}, nil, nil, nil},
	} {
		got, err := readCSV(c.text, c.options)
		if c.header == nil {
			if !errors.Is(err, ErrFile) {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var cells [][]string
		var lines []int32
		for _, r := range got.Rows {
			cells, lines = append(cells, r.Cells), append(lines, r.Line)
		}
		if diff := cmp.Diff([]any{c.header, c.cells, c.lines}, []any{got.Header, cells, lines}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestFaultyObjectsRegisterNothing(t *testing.T) {
	for _, c := range []struct{ name, text, problem string }{
		{"a broken line", "{\"recipient\":\"a\"}\nnonsense\n{\"recipient\":\"c\"}\n", "line 2: it is not a JSON object"},
		{"an object that does not end", "{\"recipient\":\"a\"}\n{\"recipient\":\n", "line 2: it is not a JSON object"},
		{"a field twice", `{"recipient":"a","recipient":"b"}`, "a field comes twice in one object"},
		{"the same recipient", "{\"recipient\":\"a\"}\n{\"recipient\":\"A\"}", "line 2: the recipient of line 1 again"},
		{"no recipient", "{\"recipient\":\"a\"}\n{\"x\":1}", "line 2: the recipient is empty"},
		{"no column of recipients", `{"x":1}`, "no column recipient"},
		{"an added column", `{"recipient":"a","pixel_url":"x"}`, "has a column pixel_url already"},
		{"an empty list", "[ ]", "want one for each message"},
		{"an empty object", "{}", "no column recipient"},
	} {
		_, err := readCSV(c.text, ReadOptions{})
		if !errors.Is(err, ErrFile) || !strings.Contains(err.Error(), c.problem) {
			t.Errorf("%s: %v, want %q", c.name, err, c.problem)
		}
	}
}

// FuzzObjectsAndTableAgree reads the same cells as JSON and as CSV.
func FuzzObjectsAndTableAgree(f *testing.F) {
	f.Add("ada@example.com", "Ada", "bob@example.com", "B \"o\" b")
	f.Add(" x ", "", "y", "\n")
	f.Fuzz(func(t *testing.T, a, x, b, y string) {
		var table, objects bytes.Buffer
		w := csv.NewWriter(&table)
		for _, row := range [][]string{{"recipient", "name"}, {a, x}, {b, y}} {
			_ = w.Write(row) // into memory
			if row[0] == "recipient" {
				continue
			}
			text, err := json.Marshal(map[string]string{"recipient": row[0], "name": row[1]})
			if err != nil {
				t.Fatal(err)
			}
			objects.Write(append(text, '\n'))
		}
		w.Flush()
		if strings.ContainsAny(a+x+b+y, "\r\x00\ufeff\ufffd") || strings.ToValidUTF8(a+x+b+y, "") != a+x+b+y {
			return // CSV knows line ends and encodings of its own
		}
		want, wantErr := ReadRecipients(&table, ReadOptions{Encoding: "UTF-8"})
		got, err := ReadRecipients(&objects, ReadOptions{Encoding: "UTF-8"})
		if wantErr != nil || err != nil {
			if (wantErr == nil) != (err == nil) && !strings.Contains(errors.Join(wantErr, err).Error(), "the recipient is empty") {
				t.Fatalf("table: %v; objects: %v", wantErr, err)
			}
			return
		}
		if len(want.Rows) != len(got.Rows) {
			return // a row without text is skipped in a table
		}
		for i := range want.Rows {
			if want.Rows[i].Recipient != got.Rows[i].Recipient {
				t.Errorf("row %d: %q and %q", i, want.Rows[i].Recipient, got.Rows[i].Recipient)
			}
		}
	})
}
