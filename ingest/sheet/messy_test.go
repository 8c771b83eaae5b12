package sheet

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestQuotesAsPeopleWriteThem(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       table
	}{
		{"a nickname", "a,b\nx,Ada \"The Countess\" L\n", table{Rows: []string{"a|b", "2 x|Ada \"The Countess\" L"}}},
		{"inches, between tabs", "a\tb\n6'2\"\tx\n", table{Rows: []string{"a|b", "2 6'2\"|x"}}},
		{"blanks before and behind quotes", "\"a\", \"b\"\n\"1\", \"2, 3\" \n \"4\" , \"5\"\n", table{Rows: []string{"a|b", "2 1|2, 3", "3 4|5"}}},
		{"a blank before a quote that does not end", "a,b\n1, \"2\n3,4\n", table{Rows: []string{"a|b", "2 1| \"2", "3 3|4"}}},
		{"backslashes before quotes", `a,b` + "\n" + `"Ada \"The\" L","\"x\" y"` + "\n", table{Rows: []string{"a|b", `2 Ada "The" L|"x" y`}}},
		{"quotes within quotes", "a,b\n\"Ada \"The\" L\",2\n", table{Rows: []string{"a|b", "2 Ada \"The\" L|2"}}},
		{"a formula that gives a text", "a,b\n=\"00123\",=\"x\"\n\"=\"\"4\"\"\",=\"\"\n", table{Rows: []string{"a|b", "2 00123|x", "3 4|"}}},
		{"another formula", "a,b\n\"=\"\"x\"\"&\"\"y\"\"\",=A1\n", table{Rows: []string{"a|b", "2 =\"x\"&\"y\"|=A1"}}},
		{"a comma in a nickname costs one row", "a,b\nx,\"The, C\" L\n3,4\n", table{Rows: []string{"a|b", "3 3|4"}, Faults: []string{"line 2: " + openQuoteReason}}},
		{"a quote too few costs one row", "a,b\n\"1,\"2\"\n3,4\n", table{Rows: []string{"a|b", "3 3|4"}, Faults: []string{"line 2: " + openQuoteReason}}},
		{"a bare quote in a short row", "a,b\n1\"\n3,4\n", table{Rows: []string{"a|b", "3 3|4"}, Faults: []string{"line 2: " + bareQuoteReason}}},
		{"an end of a file as in DOS", "a,b\n1,2\n\x1a", table{Rows: []string{"a|b", "2 1|2"}, Blank: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _ := read(t, strings.NewReader(c.text), Options{})
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}

// TestStrictTablesReadAsTheStandardReadsThem reads random texts: tables that
// encoding/csv accepts are read equally, and no row spans more lines than there.
func TestStrictTablesReadAsTheStandardReadsThem(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	compared := 0
	for range 60_000 {
		var text strings.Builder
		for range 1 + random.IntN(24) {
			text.WriteByte("\"\"a,\n \\"[random.IntN(7)])
		}
		strict := csv.NewReader(strings.NewReader(text.String()))
		strict.FieldsPerRecord = -1
		all, err := strict.ReadAll()
		if err != nil {
			continue
		}
		var want table
		for _, cells := range all {
			surplus := len(cells) > 3 && !allBlank(cells[3:])
			switch {
			case allBlank(cells):
			case surplus:
				want.Faults = append(want.Faults, fmt.Sprint(len(cells)))
			default:
				want.Rows = append(want.Rows, strings.Join(append(cells, "", "")[:3], "|"))
			}
		}
		s, err := Open(strings.NewReader("h1,h2,h3\n"+text.String()), Options{})
		if err != nil {
			t.Fatal(err)
		}
		var got table
		for {
			row, err := s.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if fault, ok := errors.AsType[*RowError](err); ok {
				got.Faults = append(got.Faults, fault.Reason[len(fault.Reason)-1:])
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			got.Rows = append(got.Rows, strings.Join(row.Cells, "|"))
		}
		if !slices.Equal(want.Rows, got.Rows) || len(want.Faults) != len(got.Faults) {
			t.Fatalf("%q is read as %q with faults %q, want %q with %q", text.String(), got.Rows, got.Faults, want.Rows, want.Faults)
		}
		compared++
	}
	if compared < 5_000 {
		t.Errorf("only %d texts were accepted by encoding/csv", compared)
	}
}

// TestHostileQuotesAreReadInOnePass has rows of a megabyte that would make a careless
// reader search for a quote repeatedly.
func TestHostileQuotesAreReadInOnePass(t *testing.T) {
	for _, unit := range []string{`"x`, ` "x,`, ` "x`, `"x"`, `""x"`, `\"`} {
		for _, before := range []string{"", `"`, "1,"} {
			got, _ := read(t, io.MultiReader(strings.NewReader("a,b\n"+before), endless(unit, 1<<20-4), strings.NewReader("\n3,4\n5,\"6\"\n")), Options{})
			if len(got.Rows)+len(got.Faults) < 2 {
				t.Errorf("%q after %q: rows %.200q, faults %q", unit, before, got.Rows, got.Faults)
			}
		}
	}
}

func TestATitleAboveTheHeaderIsSkipped(t *testing.T) {
	isHeader := func(cells []string) bool { return slices.Contains(cells, "mail") }
	for _, c := range []struct {
		name, text string
		title      int
		want       []string
	}{
		{"none", "mail,x\na,1\n", 0, []string{"mail|x", "2 a|1"}},
		{"one line", "Our list\nmail,x\na,1\n", 1, []string{"mail|x", "3 a|1"}},
		{"lines with commas", "Our list,,\n2026-11-20,,\n,,\nmail,x,\na,1,\n", 3, []string{"mail|x|", "5 a|1|"}},
		{"another separator in the title", "Lists, all\n\n\nmail;x\na;1,5\n", 1, []string{"mail|x", "5 a|1,5"}},
		{"a sep line", "sep=;\nOur list;\nmail;x\na;1\n", 1, []string{"mail|x", "4 a|1"}},
		{"a title with a quote that does not end", "The \"list\nmail,x\na,1\n", 1, []string{"mail|x", "3 a|1"}},
		{"no header", "b,x\na,1\n", 0, []string{"b|x", "2 a|1"}},
		{"a header too far below", strings.Repeat("x,y\n", maxTitle) + "mail,x\n", 0, append([]string{"x|y"}, xy()...)},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, s := read(t, strings.NewReader(c.text), Options{IsHeader: isHeader})
			if diff := cmp.Diff(c.want, got.Rows); diff != "" || s.Title != c.title {
				t.Errorf("%d rows of title, want %d; rows (-want +got):\n%s", s.Title, c.title, diff)
			}
		})
	}
}

func xy() (rows []string) {
	for line := 2; line <= maxTitle; line++ {
		rows = append(rows, fmt.Sprint(line, " x|y"))
	}
	return append(rows, fmt.Sprint(maxTitle+1, " mail|x"))
}

func TestSepLinesAsOtherProgramsLeaveThem(t *testing.T) {
	for _, line := range []string{"sep=;", "SEP=; ", "\"sep=;\"", "\"sep=;\",", "sep=;;;", "sep=;,,,"} {
		got, _ := read(t, strings.NewReader(line+"\r\na;b,c\r\n1;2\r\n"), Options{})
		if diff := cmp.Diff([]string{"a|b,c", "3 1|2"}, got.Rows); diff != "" {
			t.Errorf("%q (-want +got):\n%s", line, diff)
		}
	}
}

func TestFilesThatAreNoTextSaySo(t *testing.T) {
	for _, c := range []struct{ name, begin, what string }{
		{"xlsx", "PK\x03\x04\x14\x00xl/workbook.xml", "an Excel workbook"},
		{"ods", "PK\x03\x04\x14\x00mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "an OpenDocument table"},
		{"zip", "PK\x03\x04\x14\x00list.csv", "a zip archive"},
		{"xls", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00\x00", "an old Office file (Excel, Outlook)"},
		{"gzip", "\x1f\x8b\x08\x00", "compressed (gzip)"},
		{"zstd", "\x28\xb5\x2f\xfd\x00", "compressed (zstd)"},
		{"PDF", "%PDF-1.7\n", "a PDF"},
		{"a login page", "\r\n<!DOCTYPE HTML><html>", "a web page (HTML)"},
		{"a table of HTML", "\ufeff<HTML><table>", "a web page (HTML)"},
		{"a table of XML", "<?xml version=\"1.0\"?><Workbook>", "an XML file"},
	} {
		_, err := Open(strings.NewReader(c.begin), Options{})
		e, ok := errors.AsType[*NotTextError](err)
		if !ok || e.What != c.what || e.Try == "" || !errors.Is(err, ErrNotText) {
			t.Errorf("%s: %v, want %q and advice", c.name, err, c.what)
		}
	}
	for _, text := range []string{"<134>Nov 28 10:00:00 x\n", "PKZ,a\n", "%PD,a\n", "<htm,a\n", "\x1f,b\n"} {
		if _, err := Open(strings.NewReader(text), Options{}); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}
