package audit

import (
	"fmt"
	"strings"

	"glint/cli/internal/output"
	"glint/ingest/audit"
)

// allAccounted returns the sentence of an audit without a difference. It always
// gives the number of bad tokens: after the loss of a key, every open
// has one.
func allAccounted(r *audit.Result) string {
	n := r.Total.BadTokens
	if n == 0 {
		return "every accepted event is accounted for"
	}
	return fmt.Sprintf("every accepted event is accounted for, but %s a bad token and %s nowhere",
		output.Plural(int(n), "request has", "requests have"), map[bool]string{true: "counts", false: "count"}[n == 1])
}

// badTokens returns a line about the bad tokens in the warehouse; nil without any.
func badTokens(r *audit.Result) []string {
	if len(r.BadTokens) == 0 {
		return nil
	}
	kinds := make([]string, len(r.BadTokens))
	for i, b := range r.BadTokens {
		kinds[i] = fmt.Sprintf("%s %s", output.Count(b.Requests), b.Fault)
		if b.KeyID != nil {
			kinds[i] += fmt.Sprintf(" of key %d", *b.KeyID)
		}
	}
	return []string{"bad tokens that are kept: " + strings.Join(kinds, ", ")}
}
