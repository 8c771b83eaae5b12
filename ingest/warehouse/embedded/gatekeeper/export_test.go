package gatekeeper

// Span is a token with its bytes, for the comparison with the engine's lexer.
type Span struct {
	Kind       string
	Start, End int
}

// Spans returns the words, quoted names and strings of a statement as the
// engine names them, and false for a statement that is refused.
func Spans(statement string) ([]Span, bool) {
	tokens, refused := tokenize(statement)
	names := map[kind]string{word: "BareWord", quoted: "QuotedIdentifier", text: "StringLiteral"}
	spans := []Span{}
	for _, t := range tokens {
		if names[t.kind] != "" {
			spans = append(spans, Span{names[t.kind], t.start, t.end})
		}
	}
	return spans, refused == nil
}
