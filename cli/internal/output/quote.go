package output

import "strings"

// Quote returns an argument of a command as a word for the shell, in single quotes if
// it contains more than letters, digits and a few signs. It is for advice that a person
// copies, so it is also safe for a terminal.
func Quote(argument string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_./:@%+=,-", r)
	}
	if argument != "" && argument[0] != '-' && strings.TrimFunc(argument, plain) == "" {
		return argument
	}
	return "'" + strings.ReplaceAll(Safe(argument), "'", `'\''`) + "'"
}
