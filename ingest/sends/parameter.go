package sends

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// ErrPlaceholder is the error of FromURL for a placeholder of a recipient.
var ErrPlaceholder error = recipientError(reasonPlaceholder)

const reasonPlaceholder = "the recipient is a placeholder, not an address"

// mergeTag are the marks of templates around a name that was not replaced:
// {{email}}, *|EMAIL|*, %%email%%, ${email}, <%= email %>, [email], %email%.
var mergeTag = regexp.MustCompile(`\{\{|\}\}|\*\||\|\*|%%|\$\{|<%|%>|^\[[\pL\d_.: -]*\]$|^\{[\pL\d_.: -]*\}$|^%[\pL][\pL\d_. -]*%$|^#[\pL][\pL\d_. -]*#$`)

// placeholders are the texts that programs and people write for a missing recipient.
var placeholders = []string{
	"n/a", "na", "n.a.", "#n/a", "none", "null", "(null)", "nil", "nan", "x", "unknown", "undefined", "(blank)", "empty",
	"#ref!", "#value!", "#name?", "#null!", "#error!", `\n`,
}

// isPlaceholder reports whether a normalized recipient is a placeholder.
func isPlaceholder(recipient string) bool {
	return slices.Contains(placeholders, recipient) || strings.Trim(recipient, "-–—_=.?*") == ""
}

// FromURL returns the normalized recipient in a parameter of a URL, which
// programs encode twice or not enough, and to which they leave marks of the text
// around it. For a merge tag that was not replaced, or for an address with other
// characters, it returns an error around ErrRecipient.
func FromURL(value string) (string, error) {
	if recipient, err := Normalize(value); err == nil && ordinary(recipient) { // nearly always
		return recipient, nil
	}
	if !strings.Contains(value, "@") && strings.Contains(value, "%40") {
		if again, err := url.PathUnescape(value); err == nil {
			value = again
		}
	}
	if IsMergeTag(value) {
		return "", ErrPlaceholder
	}
	recipient, err := Normalize(value)
	switch {
	case err != nil:
		return "", err
	case isPlaceholder(recipient) && recipient != "x":
		return "", ErrPlaceholder
	case !strings.Contains(recipient, "@"):
		return recipient, nil
	}
	quoted := strings.HasPrefix(recipient, `"`) && strings.Contains(recipient, `"@`)
	if !quoted {
		recipient = strings.Trim(strings.TrimPrefix(recipient, "mailto:"), "<>\"'()[]{},;:. ")
		recipient = strings.ReplaceAll(recipient, " ", "+") // a + that was not encoded
	}
	if fault := addressFault(recipient); fault != "" {
		return "", recipientError(fault)
	}
	return recipient, nil
}

// IsMergeTag reports whether a text is a template's name of a value, which was
// not replaced by the value.
func IsMergeTag(text string) bool {
	return strings.ContainsAny(text, "{}[*%$<#") && mergeTag.MatchString(strings.TrimSpace(text))
}
