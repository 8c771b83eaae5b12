package gatekeeper_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"glint/ingest/warehouse/embedded/gatekeeper"
)

var limits = gatekeeper.Limits{Threads: 4, MemoryBytes: 1 << 30, ExecutionSeconds: 300}

// tree is the engine's answer to EXPLAIN AST SELECT f(x) FROM t, with other lines at its end.
func tree(more ...string) gatekeeper.Explain {
	lines := append([]string{
		"SelectWithUnionQuery (children 1)", " ExpressionList (children 1)", "  SelectQuery (children 1)", "   ExpressionList (children 1)",
	}, more...)
	return func(context.Context, string, url.Values) ([]string, error) { return lines, nil }
}

func code(err error) int {
	var refused *gatekeeper.Refusal
	if errors.As(err, &refused) {
		return refused.Code
	}
	return 0
}

func TestTreeDecidesWhatTheWordsDoNotShow(t *testing.T) {
	for _, test := range []struct {
		name string
		tree gatekeeper.Explain
		code int
	}{
		{"harmless", tree("    Function count (alias x) (children 1)"), 0},
		{"a function from the list", tree("    Function file (children 1)"), 497},
		{"with an alias", tree("    Function file (alias count) (children 1)"), 497},
		{"in capitals", tree("    Function FILE"), 497},
		{"with a combinator", tree("    Function groupFormatIfOrNull (children 1)"), 497},
		{"as an identifier", tree("    Identifier file"), 497},
		{"a column of that name", tree("    Identifier t.file"), 0},
		{"a name with a line break", tree("    Function fi\nle"), 497},
		{"a transformer that hides its function", tree("    Asterisk (children 1)", "     ColumnsTransformerList (children 1)", "      ColumnsApplyTransformer"), 497},
		{"a node of a newer engine", tree("    Telepathy"), 497},
		{"table function", tree("   TablesInSelectQuery (children 1)", "    TableExpression (children 1)", "     Function numbers (children 1)"), 0},
		{"table function not on the list", tree("    TableExpression (children 1)", "     Function newest (children 1)"), 497},
		{"function as a table function", tree("    TableExpression (children 1)", "     Function format (children 1)"), 497},
		{"table function elsewhere", tree("    Function in (children 1)", "     ExpressionList", "      Function s3 (children 1)"), 497},
		{"view with parameters", tree("    TableExpression (children 1)", "     Function my_view (children 1)"), 0},
		{"table of another database", tree("    TableExpression (children 1)", "     TableIdentifier default.x"), 497},
		{"settings that were not seen", tree("   Set"), 48},
		{"no tree", func(context.Context, string, url.Values) ([]string, error) { return nil, nil }, 48},
		{"an error of the engine", func(context.Context, string, url.Values) ([]string, error) { return nil, context.Canceled }, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			keeper := gatekeeper.New(limits, test.tree)
			for range 2 { // the second verdict is a remembered one
				_, err := keeper.Check(t.Context(), gatekeeper.Request{Body: "SELECT 1", Views: []string{"my_view"}})
				if code(err) != test.code {
					t.Errorf("%v, want code %d", err, test.code)
				}
			}
		})
	}
}

func TestVerdictIsRememberedForTheTextAndItsNames(t *testing.T) {
	asked := 0
	keeper := gatekeeper.New(limits, func(context.Context, string, url.Values) ([]string, error) {
		asked++
		return []string{"SelectWithUnionQuery"}, nil
	})
	check := func(body string, parameters url.Values, views ...string) {
		t.Helper()
		if _, err := keeper.Check(t.Context(), gatekeeper.Request{Body: body, Parameters: parameters, Views: views}); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		check("SELECT 1", nil)
		check("SELECT {n:UInt64}", url.Values{"param_n": {"1"}})
		check("SELECT {n:UInt64}", url.Values{"param_n": {"2"}}) // a value, not a name
	}
	if asked != 2 {
		t.Errorf("asked %d times for two texts", asked)
	}
	check("SELECT {n:Identifier}", url.Values{"param_n": {"a"}})
	check("SELECT {n:Identifier}", url.Values{"param_n": {"b"}})
	check("SELECT 1", nil, "another_view")
	if asked != 5 {
		t.Errorf("asked %d times: a name and the reader's views are part of the question", asked)
	}
	for n := range 5000 {
		check(fmt.Sprint("SELECT ", n), nil)
	}
	before := asked
	check("SELECT {n:UInt64}", url.Values{"param_n": {"1"}})
	if asked != before+1 {
		t.Error("all verdicts are kept")
	}
}

func TestLimitsAreLoweredInTextAndURL(t *testing.T) {
	keeper := gatekeeper.New(limits, func(_ context.Context, statement string, _ url.Values) ([]string, error) {
		return append([]string{"SelectWithUnionQuery"}, strings.Split(strings.Repeat("Set\n", strings.Count(statement, "SETTINGS")), "\n")[:strings.Count(statement, "SETTINGS")]...), nil
	})
	for _, test := range []struct{ body, want string }{
		{"SELECT 1 SETTINGS max_threads = 9", "SELECT 1 SETTINGS max_threads = 4"},
		{"SELECT 1 SETTINGS max_threads = 3", "SELECT 1 SETTINGS max_threads = 3"},
		{"SELECT 1 SETTINGS max_threads = '9', final = 1", "SELECT 1 SETTINGS max_threads = 4, final = 1"},
		{"SELECT * FROM (SELECT 1 SETTINGS max_memory_usage=0 ,`max_execution_time` = 0.5) SETTINGS max_threads=00009;", "SELECT * FROM (SELECT 1 SETTINGS max_memory_usage=1073741824 ,`max_execution_time` = 0.5) SETTINGS max_threads=4"},
		{"SELECT 1 SETTINGS max_threads = 99999999999999999999999", ""},
		{"SELECT 1 SETTINGS max_threads = -1", ""},
		{"SELECT 1 SETTINGS max_threads = 'auto(9)'", ""},
		{"SELECT 1 SETTINGS max_threads = 4 + 1", "SELECT 1 SETTINGS max_threads = 4 + 1"}, // the engine's parser refuses it
	} {
		passed, err := keeper.Check(t.Context(), gatekeeper.Request{Body: test.body, Parameters: url.Values{"max_threads": {"0"}}})
		switch {
		case test.want == "":
			if err == nil {
				t.Errorf("%s: passed as %s", test.body, passed.Statement)
			}
		case err != nil:
			t.Errorf("%s: %v", test.body, err)
		case passed.Statement != test.want || passed.Parameters.Get("max_threads") != "4":
			t.Errorf("%s: %s, %v", test.body, passed.Statement, passed.Parameters)
		}
	}
}

func TestRefusalsShowNoLiteral(t *testing.T) {
	keeper := gatekeeper.New(limits, tree())
	const secret = "anna@example.org"
	for _, body := range []string{
		"SELECT '" + secret + "' SETTINGS unknown = '" + secret + "'", "SELECT '" + secret + "' FORMAT `" + secret + "`",
		"SELECT `" + secret + "`('" + secret + "')", "SELECT '" + secret, "SELECT file('" + secret + "')", "SELECT '" + secret + "'; SELECT 1",
	} {
		_, err := keeper.Check(t.Context(), gatekeeper.Request{Body: body, Parameters: url.Values{"param_x": {secret}}})
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%v", err)
		}
	}
}

func TestBombsAreNotUnpacked(t *testing.T) {
	for _, encoding := range []string{"gzip", "deflate", "br", "zstd", "", "unknown"} {
		for _, framed := range []bool{false, true} {
			if text, refused := gatekeeper.Decode([]byte(strings.Repeat("\x00", gatekeeper.MaxStatementBytes+1)), encoding, framed); refused == nil {
				t.Errorf("%q, framed %v: %d bytes", encoding, framed, len(text))
			}
		}
	}
}

func FuzzCheck(f *testing.F) {
	for _, seed := range []string{"SELECT 1", "SELECT file('x') SETTINGS a = 1", "WITH x AS (SELECT {p:Identifier}) SELECT * FROM x FORMAT JSON SETTINGS max_threads = 99;"} {
		f.Add(seed)
	}
	keeper := gatekeeper.New(limits, tree())
	f.Fuzz(func(t *testing.T, body string) {
		passed, err := keeper.Check(context.Background(), gatekeeper.Request{Body: body, Parameters: url.Values{"param_p": {"t"}}})
		if err != nil {
			return
		}
		if _, ok := gatekeeper.Spans(passed.Statement); !ok {
			t.Errorf("%q became %q, which is refused", body, passed.Statement)
		}
		again, err := keeper.Check(context.Background(), gatekeeper.Request{Body: passed.Statement, Parameters: url.Values{"param_p": {"t"}}})
		if err != nil || again.Statement != passed.Statement {
			t.Errorf("%q passes as %q, then as %v (%v)", body, passed.Statement, again, err)
		}
	})
}
