package gatekeeper

import (
	"regexp"
	"strings"
)

// statement is a text that is one plain statement.
type statement struct {
	text        string
	settings    int      // number of SETTINGS clauses, each of which is a node Set of the syntax tree
	identifiers []string // names of parameters of type Identifier, {name:Identifier}
}

// beginnings are the first words of allowed statements.
var beginnings = []string{"SELECT", "WITH", "SHOW", "DESCRIBE", "DESC", "EXISTS"}

// parse makes all checks that need only the words of a statement. In the
// returned text, limits above the reader's are lowered.
func parse(source string, limits Limits) (*statement, *Refusal) {
	tokens, refused := tokenize(source)
	if refused != nil {
		return nil, refused
	}
	for len(tokens) > 0 && tokens[len(tokens)-1].isSymbol(';') {
		source = source[:tokens[len(tokens)-1].start]
		tokens = tokens[:len(tokens)-1]
	}
	if refused := checkBeginning(tokens); refused != nil {
		return nil, refused
	}
	if refused := checkNames(tokens); refused != nil {
		return nil, refused
	}
	reader := clauseReader{tokens: tokens, limits: limits}
	for i := range tokens {
		if refused := reader.clause(i); refused != nil {
			return nil, refused
		}
	}
	return &statement{
		text: reader.rewrite(source), settings: reader.settings, identifiers: reader.identifiers,
	}, nil
}

func checkBeginning(tokens []token) *Refusal {
	first := 0
	for first < len(tokens) && tokens[first].isSymbol('(') {
		first++
	}
	if first == len(tokens) {
		return &Refusal{codeSyntaxError, "SYNTAX_ERROR", "the statement is empty"}
	}
	for _, beginning := range beginnings {
		if tokens[first].is(beginning) {
			return nil
		}
	}
	return denied("a reader's statement begins with one of " + strings.Join(beginnings, ", "))
}

// replacement is a new value for a range of the text.
type replacement struct {
	start, end int
	value      string
}

// clauseReader iterates over the words of a statement.
type clauseReader struct {
	tokens       []token
	limits       Limits
	settings     int
	identifiers  []string
	replacements []replacement
}

func (r *clauseReader) at(i int) token {
	if i < 0 || i >= len(r.tokens) {
		return token{kind: symbol, value: " "}
	}
	return r.tokens[i]
}

// clause checks the clause that begins at the token, if any.
func (r *clauseReader) clause(i int) *Refusal {
	here := r.tokens[i]
	if here.isSymbol(';') {
		return denied("a request holds one statement")
	}
	if here.isSymbol('{') && r.at(i+1).isName() && r.at(i+2).isSymbol(':') {
		return r.parameter(i)
	}
	if here.kind != word || r.at(i-1).isSymbol('.') {
		return nil // the last part of a name such as system.settings
	}
	switch strings.ToUpper(here.value) {
	case "INTO":
		return &Refusal{codeOutfileDenied, "INTO_OUTFILE_NOT_ALLOWED", "a reader's statement has no INTO"}
	case "FORMAT":
		if name := r.at(i + 1); name.isName() && !formatAllowed(name.value) {
			return unknownFormat(name.value)
		}
	case "SETTINGS":
		if i == 1 && r.tokens[0].is("SHOW") {
			return nil
		}
		return r.settingsList(i + 1)
	}
	return nil
}

// parameter records a query parameter whose value is used as a name.
func (r *clauseReader) parameter(i int) *Refusal {
	for j := i + 3; ; j++ {
		switch here := r.at(j); {
		case j >= len(r.tokens):
			return notPlain("a parameter without an end")
		case here.isSymbol('}'):
			return nil
		case here.isName() && strings.EqualFold(here.value, "Identifier"):
			r.identifiers = append(r.identifiers, r.at(i+1).value)
		}
	}
}

// settingsList checks name = value, … from the token on. Every word SETTINGS
// must begin such a list: a column of that name must be quoted.
func (r *clauseReader) settingsList(i int) *Refusal {
	r.settings++
	for {
		name := r.at(i)
		if !name.isName() || !r.at(i+1).isSymbol('=') {
			return &Refusal{codeSyntaxError, "SYNTAX_ERROR", "after SETTINGS a reader's statement has name = value, ..."}
		}
		i += 2
		start, raw := r.at(i).start, ""
		if r.at(i).isSymbol('-') && r.at(i+1).kind == number {
			raw = "-"
			i++
		}
		switch value := r.at(i); value.kind {
		case number:
			raw += value.value
		case word:
			raw = strings.ToLower(value.value)
			if raw != "true" && raw != "false" && raw != "default" {
				return constraint(name.value, "has a value that is no literal")
			}
		case text:
			raw = value.value[1 : len(value.value)-1]
		default:
			return constraint(name.value, "has a value that is no literal")
		}
		capped, refused := checkSetting(name.value, raw, r.limits)
		if refused != nil {
			return refused
		}
		if capped != raw {
			r.replacements = append(r.replacements, replacement{start, r.at(i).end, capped})
		}
		if !r.at(i + 1).isSymbol(',') {
			return nil
		}
		i += 2
	}
}

// rewrite returns the source with lowered values.
func (r *clauseReader) rewrite(source string) string {
	var rewritten strings.Builder
	done := 0
	for _, change := range r.replacements {
		rewritten.WriteString(source[done:change.start])
		rewritten.WriteString(change.value)
		done = change.end
	}
	rewritten.WriteString(source[done:])
	return rewritten.String()
}

// plainIdentifier matches the values of parameters that are used as names.
var plainIdentifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]{0,255}$`)
