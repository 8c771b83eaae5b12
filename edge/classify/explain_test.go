package classify

import (
	"go/ast"
	"go/parser"
	"go/token"
	"math/bits"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// evidenceInRules reads the comment above each rule.
func evidenceInRules(t *testing.T) []Evidence {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "rules.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	endsOn := map[int]string{}
	for _, c := range file.Comments {
		endsOn[files.Position(c.End()).Line] = c.Text()
	}
	var found []Evidence
	ast.Inspect(file, func(n ast.Node) bool {
		list, ok := n.(*ast.CompositeLit)
		if !ok {
			return true
		}
		if _, isArray := list.Type.(*ast.ArrayType); !isArray {
			return true
		}
		for _, rule := range list.Elts {
			meaning, rest, _ := strings.Cut(endsOn[files.Position(rule.Pos()).Line-1], "\nSource: ")
			source, wrong, _ := strings.Cut(rest, "\nWrong: ")
			found = append(found, Evidence{meaning, source, strings.TrimSpace(wrong)})
		}
		return false
	})
	return found
}

func TestEvidenceIsThatOfTheComments(t *testing.T) {
	want := evidenceInRules(t)
	if len(want) != len(rules) {
		t.Fatalf("%d comments for %d rules", len(want), len(rules))
	}
	for i, e := range want {
		if e.Meaning == "" || e.Source == "" || e.Wrong == "" {
			t.Errorf("rule %d (%s) lacks what it rests on, its Source or its Wrong: %+v", i+1, rules[i].reason, e)
		}
	}
	if diff := cmp.Diff(want, evidence()); diff != "" {
		t.Errorf("evidence (-comments +Explain's):\n%s", diff)
	}
}

func TestEveryTraitHasWords(t *testing.T) {
	if n := bits.TrailingZeros64(uint64(fromWebmail)) + 1; len(traitNames) != n {
		t.Fatalf("%d phrases for %d traits", len(traitNames), n)
	}
	for _, c := range []struct {
		trait traits
		want  string
	}{
		{saysGmailProxy, "names Gmail's image proxy"},
		{saysRuntime, "names a language or an app library"},
		{saysModern, "names a browser new enough for Sec-Fetch headers"},
		{isEmpty, "user agent is empty"},
		{hasMailAddress, "has a mail address"},
		{notGet, "the method is not GET"},
		{onRelay, "the network is Apple's relay"},
		{onGateway, "the AS is a mail gateway's"},
		{fromWebmail, "the page is a webmail"},
	} {
		if got := c.trait.names(); len(got) != 1 || got[0] != c.want {
			t.Errorf("trait %d is %q, want %q", bits.TrailingZeros64(uint64(c.trait)), got, c.want)
		}
	}
}

func TestExplainTellsWhatWasMissing(t *testing.T) {
	e := Explain(&Request{UserAgent: uaBare, Network: NetworkNone})
	if e.Verdict != (Verdict{HumanDirect, "apple_mail_direct"}) || e.Fired.Verdict != e.Verdict || e.Fired.Source == "" {
		t.Fatalf("%+v", e)
	}
	near := map[string]Finding{}
	for _, f := range e.Near {
		near[f.Verdict.Reason] = f
	}
	if f := near["apple_mpp"]; len(f.Missing) != 1 || f.Missing[0] != "the network is Apple's relay" || f.Against != nil {
		t.Errorf("apple_mpp: %+v", f)
	}
	if f := near["apple_mail_unplaced"]; len(f.Missing) != 1 || f.Missing[0] != "the network is not known" {
		t.Errorf("apple_mail_unplaced: %+v", f)
	}
	if e.Next == nil || e.Next.Verdict.Reason != "other" {
		t.Errorf("without it: %+v", e.Next)
	}

	e = Explain(&Request{UserAgent: uaOutlook, Network: NetworkHosting})
	for _, f := range e.Near {
		if f.Verdict.Reason == "mail_client" && len(f.Missing) == 0 && len(f.Against) == 1 && f.Against[0] == "the network is a data centre's" {
			return
		}
	}
	t.Errorf("mail_client is not near: %+v", e.Near)
}

func TestWordsAreThoseThatTell(t *testing.T) {
	const ua = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.4.0"
	if diff := cmp.Diff([]string{"x11", "linux", "rv:", "gecko/", "thunderbird"}, Words(ua)); diff != "" {
		t.Error(diff)
	}
	all := func(string) bool { return true }
	without := func(word string) bool { return word != "thunderbird" }
	r := Request{UserAgent: ua, Network: NetworkNone}
	if v := JudgeWithout(&r, all); v != Judge(&r) {
		t.Errorf("with all words: %v", v)
	}
	if v := JudgeWithout(&r, without); v != (Verdict{Unknown, "unknown_product"}) {
		t.Errorf("without its name: %v", v)
	}
}

// TestExplainAgreesWithJudge compares both on every case of the rules.
func TestExplainAgreesWithJudge(t *testing.T) {
	for _, c := range ruleCases {
		if e := Explain(&c.request); e.Fired.Verdict != Judge(&c.request) || len(e.Seen) == 0 && c.request.UserAgent != "" {
			t.Errorf("%s: %+v", c.name, e)
		}
	}
}
