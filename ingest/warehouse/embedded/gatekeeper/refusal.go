package gatekeeper

// Codes and names of ClickHouse (src/Common/ErrorCodes.cpp), so that clients
// treat a refusal like an error of the engine.
const (
	codeBadArguments     = 36
	codeNotImplemented   = 48
	codeSyntaxError      = 62
	codeUnknownFormat    = 73
	codeReadonly         = 164
	codeTooManyBytes     = 307
	codeOutfileDenied    = 358
	codeConstraint       = 452
	codeAccessDenied     = 497
	codeCannotDecompress = 271
)

// Refusal is the reason why a request is not sent to the engine. The text names
// the refused element and never quotes a value or a literal.
type Refusal struct {
	Code    int
	Name    string
	Message string
}

// Error returns the message.
func (r *Refusal) Error() string { return r.Message }

func notPlain(found string) *Refusal {
	return &Refusal{
		codeSyntaxError, "SYNTAX_ERROR",
		"the statement holds " + found + "; outside of string literals a reader's statement is plain ASCII without escapes",
	}
}

func denied(message string) *Refusal { return &Refusal{codeAccessDenied, "ACCESS_DENIED", message} }
