package main

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"glint/edge/classify"
)

// listLabels are the names that a list of user agents may have.
var listLabels = map[string]expectation{
	"mail-clients": mailClient, "browsers": browser, "robots": robot, "attacks": attack, "apps": mobileApp, "others": other,
}

// judgeLists reads any further corpora: dir holds a folder for each, with lists
// of user agents, one a line, named mail-clients.txt, browsers.txt, robots.txt,
// attacks.txt, apps.txt, others.txt, or by a class. There may be none.
func judgeLists(r *report, dir, misses string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*", "*.txt"))
	if err != nil {
		return fmt.Errorf("list corpora: %w", err)
	}
	corpora := map[string]bool{}
	for _, file := range files {
		corpus := filepath.Base(filepath.Dir(file))
		expected, err := listExpectation(strings.TrimSuffix(filepath.Base(file), ".txt"))
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		corpora[corpus] = true
		err = eachLine(file, func(agent string) {
			verdict := judgeAgent(agent)
			r.judged(corpus, expected, verdict)
			r.held.add(corpus, labelled{agent, expected})
			if !expected.right.has(verdict.Class) && half(agent) == misses {
				r.misses = append(r.misses, corpus+" "+expected.name+" "+verdict.Reason+" "+agent)
			}
		})
		if err != nil {
			return err
		}
	}
	for _, corpus := range slices.Sorted(maps.Keys(corpora)) {
		r.agentBars(corpus)
	}
	return nil
}

func listExpectation(label string) (expectation, error) {
	if e, ok := listLabels[label]; ok {
		return e, nil
	}
	for c := range classify.NotImage + 1 {
		if c.String() == label {
			return expectation{label, oneOf(c), oneOf(c)}, nil
		}
	}
	return expectation{}, fmt.Errorf("read corpus: %q is no class and no label", label)
}
