package sql

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestStatementsEndAtSemicolonsOutsideOfQuotes(t *testing.T) {
	for _, test := range []struct {
		text, rest string
		statements []string
	}{
		{"SELECT 1", "SELECT 1", nil},
		{"SELECT 1;", "", []string{"SELECT 1"}},
		{"SELECT 1; SELECT 2;\n", "", []string{"SELECT 1", " SELECT 2"}},
		{";; -- nothing;\n/* ; */ ;", "", nil},
		{"SELECT ';' ; x", " x", []string{"SELECT ';' "}},
		{`SELECT 'it''s;', "a;b", ` + "`c;d`" + `, '\';' ; `, "", []string{`SELECT 'it''s;', "a;b", ` + "`c;d`" + `, '\';' `}},
		{"SELECT 1 -- ;\n + 1; ", "", []string{"SELECT 1 -- ;\n + 1"}},
		{"SELECT /* ; ' */ 1; ", "", []string{"SELECT /* ; ' */ 1"}},
		{"SELECT 'open; ", "SELECT 'open; ", nil},
		{"SELECT 1 /* open; ", "SELECT 1 /* open; ", nil},
		{"", "", nil},
	} {
		statements, rest := statementsOf(test.text)
		if diff := cmp.Diff(test.statements, statements); diff != "" || rest != test.rest {
			t.Errorf("%q: rest %q, %s", test.text, rest, diff)
		}
	}
}

func TestCtrlCBecomesTheEndOfAnEmptiedLine(t *testing.T) {
	k := &keys{in: strings.NewReader("ab\x03c")}
	got := make([]byte, 3)
	n, _ := k.Read(got)
	rest := make([]byte, 9)
	m, _ := k.Read(rest)
	if all := string(got[:n]) + string(rest[:m]); all != "ab\x05\x15\rc" || !k.interrupted {
		t.Errorf("%q, %v", all, k.interrupted)
	}
}

func TestHistoryIsKeptForTheOwner(t *testing.T) {
	file := t.TempDir() + "/history"
	h := readHistory(file)
	for _, line := range []string{"SELECT 1;", "SELECT 1;", " ", "SELECT 2;"} {
		h.Add(line)
	}
	again := readHistory(file)
	if again.Len() != 2 || again.At(0) != "SELECT 2;" || again.At(1) != "SELECT 1;" {
		t.Errorf("%q", again.lines)
	}
}
