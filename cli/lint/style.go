package lint

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html"
)

// rule is a rule of a style sheet that hides the elements that its selector matches.
type rule struct {
	compounds []compound // the last one is of the element, the others of elements around it
	property  string     // that hides
	value     string
	important bool
}

// compound is a part of a selector: div.box#one.
type compound struct {
	tag, id string
	classes []string
}

var (
	cssComment = regexp.MustCompile(`(?s)/\*.*?\*/|<!--|-->`)
	compounds  = regexp.MustCompile(`^(?i)([a-z][a-z0-9]*)?((?:[.#][\w-]+)*)$`)
)

// hidingRules returns the rules of a page's style sheets that hide elements in
// every client: those within @media and the like are left out, and selectors
// that this reader does not know.
func hidingRules(root *html.Node) (rules []rule) {
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && n.Data == "style" && n.FirstChild != nil {
			rules = append(rules, sheetRules(n.FirstChild.Data)...)
		}
	}
	return rules
}

func sheetRules(sheet string) (rules []rule) {
	sheet = cssComment.ReplaceAllString(sheet, "")
	for {
		selectors, rest, ok := strings.Cut(sheet, "{")
		if !ok {
			return rules
		}
		if i := strings.LastIndexByte(selectors, ';'); i >= 0 { // @import …;
			selectors = selectors[i+1:]
		}
		block := rest[:blockEnd(rest)]
		sheet = rest[min(len(block)+1, len(rest)):]
		if strings.HasPrefix(strings.TrimSpace(selectors), "@") {
			continue
		}
		property, value := hides(declarations(block))
		if property == "" {
			continue
		}
		important := regexp.MustCompile(`(?i)\b` + property + `\s*:[^;]*!\s*important`).MatchString(block)
		for selector := range strings.SplitSeq(selectors, ",") {
			if parts, ok := parseSelector(selector); ok {
				rules = append(rules, rule{parts, property, value, important})
			}
		}
	}
}

// blockEnd returns the index of the bracket that ends a block.
func blockEnd(css string) int {
	open := 1
	for i := range len(css) {
		switch css[i] {
		case '{':
			open++
		case '}':
			if open--; open == 0 {
				return i
			}
		}
	}
	return len(css)
}

func parseSelector(selector string) (parts []compound, ok bool) {
	for word := range strings.FieldsSeq(strings.ReplaceAll(selector, ">", " ")) {
		m := compounds.FindStringSubmatch(word)
		if m == nil {
			return nil, false
		}
		c := compound{tag: strings.ToLower(m[1])}
		for name := range strings.FieldsFuncSeq(strings.NewReplacer(".", " .", "#", " #").Replace(m[2]), func(r rune) bool { return r == ' ' }) {
			if name[0] == '#' {
				c.id = name[1:]
			} else {
				c.classes = append(c.classes, name[1:])
			}
		}
		parts = append(parts, c)
	}
	return parts, len(parts) > 0
}

// matches reports whether the rule is about an element.
func (r *rule) matches(n *html.Node) bool {
	last := len(r.compounds) - 1
	if !r.compounds[last].matches(n) {
		return false
	}
	for n = n.Parent; n != nil && last > 0; n = n.Parent {
		if r.compounds[last-1].matches(n) {
			last--
		}
	}
	return last == 0
}

func (c *compound) matches(n *html.Node) bool {
	if n.Type != html.ElementNode || c.tag != "" && c.tag != n.Data || c.id != "" && c.id != attribute(n, "id") {
		return false
	}
	classes := strings.Fields(attribute(n, "class"))
	return !slices.ContainsFunc(c.classes, func(class string) bool { return !slices.Contains(classes, class) })
}

// hides returns the declaration that hides an element, or "".
func hides(style map[string]string) (property, value string) {
	for _, d := range [][2]string{{"display", "none"}, {"visibility", "hidden"}, {"visibility", "collapse"}, {"mso-hide", "all"}} {
		if style[d[0]] == d[1] {
			return d[0], d[1]
		}
	}
	for _, name := range []string{"opacity", "width", "height", "max-height", "max-width"} {
		if value := style[name]; isZero(value) {
			return name, value
		}
	}
	return "", ""
}

// isZero reports whether a value is zero in any unit.
func isZero(value string) bool {
	f, err := strconv.ParseFloat(strings.TrimRight(value, "abcdefghijklmnopqrstuvwxyz% "), 64)
	return err == nil && f == 0
}

// hidden returns the cause that hides an element or an ancestor of it; "" without one.
func hidden(n *html.Node, rules []rule) string {
	for ; n != nil; n = n.Parent {
		if n.Type != html.ElementNode {
			continue
		}
		if n.Data == "template" {
			return "<template>"
		}
		for _, a := range n.Attr {
			if a.Key == "hidden" {
				return "hidden"
			}
		}
		style := declarations(attribute(n, "style"))
		if property, value := hides(style); property != "" {
			return property + ":" + value
		}
		for i := range rules {
			r := &rules[i]
			if _, own := style[r.property]; r.matches(n) && (r.important || !own) {
				return r.property + ":" + r.value + " of its style sheet"
			}
		}
	}
	return ""
}
