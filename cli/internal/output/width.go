package output

import "github.com/mattn/go-runewidth"

// columns measures width for a terminal with Latin letters, independently of $LANG,
// so that a table is the same everywhere.
var columns = &runewidth.Condition{StrictEmojiNeutral: true}

// Width returns the number of terminal columns that s takes. A grapheme cluster, such
// as a flag or a letter with its accents, counts once.
func Width(s string) int { return columns.StringWidth(s) }
