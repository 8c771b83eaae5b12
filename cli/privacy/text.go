package privacy

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"text/template"

	"glint/cli/internal/output"
	"glint/cli/retention"
)

//go:embed texts/*.md
var texts embed.FS

// gaps are the open points of a text, in order of appearance.
type gaps struct{ fill, unknown []string }

func (g *gaps) toFill(what string) string {
	if !slices.Contains(g.fill, what) {
		g.fill = append(g.fill, what)
	}
	return "[… " + what + "]"
}

func (g *gaps) notKnown(what string) string {
	if !slices.Contains(g.unknown, what) {
		g.unknown = append(g.unknown, what)
	}
	return "**unknown: " + what + "**"
}

// render returns the text name with the facts filled in.
func (f *facts) render(name string) (string, error) {
	g := &gaps{}
	t, err := template.New("").Funcs(template.FuncMap{
		"fill": g.toFill, "unknown": g.notKnown, "code": code,
		"toFill": func() []string { return g.fill }, "unknowns": func() []string { return g.unknown },
		"plain": plain,
		"next":  func(i int) int { return i + 1 },
	}).ParseFS(texts, "texts/*.md")
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if err := t.ExecuteTemplate(&b, name+".md", f); err != nil {
		return "", fmt.Errorf("write the %s: %w", name, err)
	}
	return b.String(), nil
}

// plain returns the retention of a kind in words.
func plain(row retention.Row) string {
	for unit, word := range map[string]string{"mo": "month", "y": "year", "d": "day", "h": "hour", "m": "minute", "s": "second"} {
		if n, ok := strings.CutSuffix(row.Kept, unit); ok && strings.Trim(n, "0123456789") == "" {
			if n != "1" {
				word += "s"
			}
			return "for " + n + " " + word
		}
	}
	return "without a limit"
}

// code returns a name as Markdown code that is also safe in a table.
func code(s string) string {
	return "`" + strings.NewReplacer("`", "'", "|", "/").Replace(output.Safe(s)) + "`"
}
