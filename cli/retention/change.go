package retention

import (
	"errors"
	"fmt"
	"strings"

	"glint/ingest/retention"
)

// change applies each KIND=PERIOD argument to the settings. shorter is the name of a kind
// whose period got shorter, or "".
func change(s retention.Settings, args []string) (changed retention.Settings, shorter string, err error) {
	if len(args) == 0 {
		return s, "", errors.New("want KIND=PERIOD, like facts=30d")
	}
	for _, arg := range args {
		name, text, ok := strings.Cut(arg, "=")
		if !ok {
			return s, "", fmt.Errorf("%q is not KIND=PERIOD, like facts=30d", arg)
		}
		kind, err := kindOf(name)
		if err != nil {
			return s, "", err
		}
		p, err := retention.ParsePeriod(text)
		if err != nil {
			return s, "", fmt.Errorf("%s: %w", name, err)
		}
		before := kind.Of(&s)
		if p != 0 && (*before == 0 || p < *before) {
			shorter = name
		}
		*before = p
	}
	return s, shorter, nil
}

func kindOf(name string) (retention.Kind, error) {
	var names []string
	for _, k := range retention.Kinds {
		if k.Name == name {
			return k, nil
		}
		names = append(names, k.Name)
	}
	return retention.Kind{}, fmt.Errorf("unknown kind %q; want one of %s", name, strings.Join(names, ", "))
}
