package output

import "github.com/mattn/go-runewidth"

// columns measures for a terminal with Latin letters, whatever $LANG says, so
// that a table is the same everywhere.
var columns = &runewidth.Condition{StrictEmojiNeutral: true}

// Width returns how many columns of a terminal s takes: a cluster of characters
// that is shown as one, such as a flag or a letter with its accents, counts once.
func Width(s string) int { return columns.StringWidth(s) }
