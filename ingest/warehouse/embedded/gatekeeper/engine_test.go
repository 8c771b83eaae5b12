package gatekeeper_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"glint/ingest/warehouse/embedded"
	"glint/ingest/warehouse/embedded/gatekeeper"
	"glint/ingest/warehouse/enginetest"
)

func TestMain(m *testing.M) {
	embedded.RunChildIfAsked()
	os.Exit(m.Run())
}

const password = "of-the-tests"

func startEngine(t *testing.T) *embedded.Engine {
	t.Helper()
	return enginetest.StartAlone(t, t.TempDir(), embedded.User{Name: "glint", Password: password})
}

// pieces are parts of statements that may follow each other in any order.
var pieces = []string{
	"SELECT", "file", "x", "b", "N", "e1", "SETTINGS", "FORMAT", "FROM", "1", "0x1F", "1.5e3", "1_000", ".5", "1.", "1e", "0b1",
	" ", " ", " ", "\n", "\t", "\r", "\v", "\f", "\x00", "\x7f", "\xa0", "\u00a0", "\u2003", "\u200b", "\ufeff",
	"'", "'", "''", `\'`, `\`, `\\`, `"`, `""`, "`", "``", "\u2018", "\u2019", "\u201c", "\u201d", "$$", "$a$", "$",
	"--", "-- ", "/*", "*/", "#", "#!", "# ", "//", "(", ")", "[", "]", "{", "}", ",", ".", ";", ":", "::", "=", "==", "<", ">", "<=>", "->", "-", "+",
	"*", "/", "%", "|", "||", "?", "!", "!=", "^", "&", "~", "@", "@@", "'abc'", `"abc"`, "`abc`", "x'41'", "b'01'", "'a\\'b'", "'a''b'", "é", "日本",
}

// TestLexerSeesTheStatementAsTheEngineDoes compares random texts that the
// lexer accepts, token by token, with the engine's lexer.
func TestLexerSeesTheStatementAsTheEngineDoes(t *testing.T) {
	engine := startEngine(t)
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 1))
	const rounds, perRound = 30, 400
	compared, refused := 0, 0
	for range rounds {
		var texts []string
		for len(texts) < perRound {
			var b strings.Builder
			for range 1 + random.IntN(9) {
				b.WriteString(pieces[random.IntN(len(pieces))])
			}
			if _, ok := gatekeeper.Spans(b.String()); !ok {
				refused++
				continue
			}
			texts = append(texts, b.String())
		}
		for i, tokens := range tokenizeByEngine(t, engine, texts) {
			want := []gatekeeper.Span{}
			faulty := false
			for _, token := range tokens {
				switch {
				case strings.HasPrefix(token.Kind, "Error"):
					faulty = true // the engine refuses it
				case token.Kind == "BareWord" || token.Kind == "QuotedIdentifier" || token.Kind == "StringLiteral":
					want = append(want, token)
				case token.Kind == "HereDoc":
					t.Errorf("seed %d: %q holds a string that the lexer does not see", seed, texts[i])
				}
			}
			if faulty {
				continue
			}
			compared++
			got, _ := gatekeeper.Spans(texts[i])
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("seed %d: %q: engine (-), lexer (+):\n%s", seed, texts[i], diff)
			}
		}
	}
	t.Logf("%d texts compared, %d refused", compared, refused)
	if compared < rounds*perRound/2 {
		t.Errorf("only %d texts compared", compared)
	}
}

// tokenizeByEngine returns the engine's tokens of each text.
func tokenizeByEngine(t *testing.T, engine *embedded.Engine, texts []string) [][]gatekeeper.Span {
	t.Helper()
	var literals strings.Builder
	for i, text := range texts {
		if i > 0 {
			literals.WriteByte(',')
		}
		fmt.Fprintf(&literals, "unhex('%x')", text)
	}
	query := "SELECT tokenizeQuery(arrayJoin([" + literals.String() + "])) FORMAT JSONCompactEachRow SETTINGS output_format_json_named_tuples_as_objects = 0"
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, engine.URL(), strings.NewReader(query))
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth("glint", password)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(response.Body)
		t.Fatalf("%s: %s", response.Status, text)
	}
	var all [][]gatekeeper.Span
	for decoder := json.NewDecoder(response.Body); decoder.More(); {
		var row [1][][3]any
		if err := decoder.Decode(&row); err != nil {
			t.Fatal(err)
		}
		var spans []gatekeeper.Span
		for _, token := range row[0] {
			spans = append(spans, gatekeeper.Span{Kind: token[2].(string), Start: number(token[0]), End: number(token[1])})
		}
		all = append(all, spans)
	}
	if len(all) != len(texts) {
		t.Fatalf("%d answers to %d texts", len(all), len(texts))
	}
	return all
}

func number(value any) int {
	switch v := value.(type) {
	case float64:
		return int(v)
	case string:
		n := 0
		_, _ = fmt.Sscan(v, &n)
		return n
	}
	return -1
}
