package gatekeeper

import (
	"regexp"
	"strings"
)

// kind is the class of a token.
type kind uint8

const (
	word   kind = iota // a keyword or an unquoted identifier
	quoted             // an identifier in backticks or double quotes
	number
	text   // a string literal
	symbol // one byte of punctuation
)

// token is a piece of a statement, without blanks and comments.
type token struct {
	kind       kind
	value      string // without quotes for a quoted identifier, otherwise as written
	start, end int    // offsets in the statement
}

// is reports whether the token is the keyword, ignoring case.
func (t token) is(keyword string) bool {
	return t.kind == word && strings.EqualFold(t.value, keyword)
}

func (t token) isSymbol(b byte) bool { return t.kind == symbol && t.value[0] == b }

func (t token) isName() bool { return t.kind == word || t.kind == quoted }

// symbols are the punctuation characters of a plain statement. Excluded are the
// backslash, # (a comment), $ (opens a string) and @ (session variables).
const symbols = "()[]{},.;:=<>!+-*/%|?^&~"

// tokenize splits a statement. It refuses any text in which the engine's lexer
// might see other boundaries of strings, comments and names.
func tokenize(statement string) ([]token, *Refusal) {
	if strings.HasPrefix(statement, ".") {
		return nil, notPlain("a dot as its first character") // the engine reads it as a number
	}
	var tokens []token
	for at := 0; at < len(statement); {
		previous := token{}
		if len(tokens) > 0 {
			previous = tokens[len(tokens)-1]
		}
		end, found, refused := next(statement, at, previous)
		if refused != nil {
			return nil, refused
		}
		if found.value != "" || found.kind == text {
			found.start, found.end = at, end
			tokens = append(tokens, found)
		}
		at = end
	}
	return tokens, nil
}

// next reads the token, or the blanks or comment with a zero token, at the
// offset. It returns the offset after it.
func next(statement string, at int, previous token) (int, token, *Refusal) {
	switch b := statement[at]; {
	case b == ' ' || b == '\t' || b == '\n' || b == '\r':
		return at + 1, token{}, nil
	case strings.HasPrefix(statement[at:], "--"):
		return skipComment(statement, at, "\n")
	case strings.HasPrefix(statement[at:], "/*"):
		return skipComment(statement, at, "*/")
	case strings.HasPrefix(statement[at:], "//"):
		return 0, token{}, notPlain("two slashes") // a comment for the engine
	case b == '\'':
		return quotedString(statement, at)
	case b == '"' || b == '`':
		return quotedName(statement, at)
	case isDigit(b) && previous.isSymbol('.'):
		return numberAt(statement, at, indexForm)
	case isDigit(b), b == '.' && !takesIndex(previous) && at+1 < len(statement) && isDigit(statement[at+1]):
		return numberAt(statement, at, numberForm)
	case isWordByte(b):
		end := at
		for end < len(statement) && isWordByte(statement[end]) {
			end++
		}
		if end < len(statement) && strings.IndexByte("'\"`", statement[end]) >= 0 {
			// x'6869' is a literal of the engine in which \ is no escape.
			return 0, token{}, notPlain("a quote directly after a word")
		}
		return end, token{kind: word, value: statement[at:end]}, nil
	case strings.IndexByte(symbols, b) >= 0:
		return at + 1, token{kind: symbol, value: statement[at : at+1]}, nil
	case b >= 0x80:
		return 0, token{}, notPlain("a character outside of ASCII")
	default:
		return 0, token{}, notPlain("the character " + describe(b))
	}
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

func isWordByte(b byte) bool {
	return b == '_' || isDigit(b) || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
}

var (
	// numberForm matches an integer, a fraction or an exponent.
	numberForm = regexp.MustCompile(`^(0[xX][0-9a-fA-F]+|0[bB][01]+|([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?)$`)
	// indexForm matches an index into a tuple, or into nested tuples: x.1.2.
	indexForm = regexp.MustCompile(`^[0-9]+(\.[0-9]+)*$`)
)

// takesIndex reports whether a dot after the token and before a digit selects
// an element of a tuple instead of beginning a fraction.
func takesIndex(t token) bool {
	return t.isName() && t.value != "" || t.kind == number || t.isSymbol(')') || t.isSymbol(']')
}

// numberAt reads a number. The engine reads a part of 1x, .5x and 1.x as a
// word, so a number must not be followed directly by a word.
func numberAt(statement string, at int, form *regexp.Regexp) (int, token, *Refusal) {
	end := at
	for end < len(statement) {
		b := statement[end]
		sign := (b == '+' || b == '-') && end > at && (statement[end-1] == 'e' || statement[end-1] == 'E')
		if !isWordByte(b) && b != '.' && !sign {
			break
		}
		end++
	}
	if !form.MatchString(statement[at:end]) || end < len(statement) && strings.IndexByte("'\"`", statement[end]) >= 0 {
		return 0, token{}, notPlain("a word or a quote directly after a number")
	}
	return end, token{kind: number, value: statement[at:end]}, nil
}

func describe(b byte) string {
	if b < 0x20 || b == 0x7f {
		return "with the code " + string("0123456789ABCDEF"[b>>4]) + string("0123456789ABCDEF"[b&15])
	}
	return string(rune(b))
}

// skipComment returns the end of a comment. Comments, too, must be plain text:
// all readers must agree on their end.
func skipComment(statement string, at int, terminator string) (int, token, *Refusal) {
	end := strings.Index(statement[at+2:], terminator)
	switch {
	case end >= 0:
		end += at + 2 + len(terminator)
	case terminator == "\n":
		end = len(statement)
	default:
		return 0, token{}, notPlain("a comment without an end")
	}
	if refused := plainInside(statement[at:end], "a comment"); refused != nil {
		return 0, token{}, refused
	}
	return end, token{}, nil
}

func plainInside(piece, place string) *Refusal {
	for i := range len(piece) {
		if b := piece[i]; b >= 0x7f || b < ' ' && b != '\t' && b != '\n' && b != '\r' {
			return notPlain("a character outside of printable ASCII in " + place)
		}
	}
	return nil
}

// quotedString reads a string literal: a quote inside it is doubled or escaped
// by a backslash, and a backslash escapes the next byte.
func quotedString(statement string, at int) (int, token, *Refusal) {
	for i := at + 1; i < len(statement); i++ {
		switch statement[i] {
		case '\\':
			i++
		case '\'':
			if i+1 < len(statement) && statement[i+1] == '\'' {
				i++
				continue
			}
			return i + 1, token{kind: text, value: statement[at : i+1]}, nil
		case 0:
			return 0, token{}, notPlain("a zero byte")
		}
	}
	return 0, token{}, notPlain("a string without an end")
}

// quotedName reads a quoted identifier. It must be plain and contain neither an
// escape nor a quote.
func quotedName(statement string, at int) (int, token, *Refusal) {
	quote := statement[at]
	length := strings.IndexByte(statement[at+1:], quote)
	if length < 0 {
		return 0, token{}, notPlain("a quoted name without an end")
	}
	name, end := statement[at+1:at+1+length], at+length+2
	if name == "" {
		return 0, token{}, notPlain("an empty quoted name")
	}
	if end < len(statement) && statement[end] == quote {
		return 0, token{}, notPlain("a doubled quote in a name")
	}
	for i := range len(name) {
		if b := name[i]; b < ' ' || b >= 0x7f || strings.IndexByte("\\'\"`", b) >= 0 {
			return 0, token{}, notPlain("an escape, a quote or a character outside of printable ASCII in a quoted name")
		}
	}
	return end, token{kind: quoted, value: name}, nil
}
