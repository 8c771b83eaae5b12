package deploy

import (
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// selector is a metric that an expression asks for.
type selector struct {
	where    string // for messages
	metric   string
	matchers []*labels.Matcher
}

// query is a parsed expression.
type query struct {
	where     string
	selectors []selector
	grouping  []string // labels of by and on
	grouped   bool     // the result has the labels of grouping only
}

// grafanaVariables stand where PromQL wants a duration.
var grafanaVariables = strings.NewReplacer("$__rate_interval", "5m", "$__range", "6h")

// parse reads an expression as Prometheus does.
func parse(t *testing.T, where, text string) query {
	t.Helper()
	q := query{where: where}
	expression, err := parser.ParseExpr(grafanaVariables.Replace(text))
	if err != nil {
		t.Errorf("%s: %v", where, err)
		return q
	}
	parser.Inspect(expression, func(n parser.Node, _ []parser.Node) error {
		switch n := n.(type) {
		case *parser.VectorSelector:
			s := selector{where: where, metric: n.Name}
			for _, m := range n.LabelMatchers {
				if m.Name != labels.MetricName {
					s.matchers = append(s.matchers, m)
				}
			}
			q.selectors = append(q.selectors, s)
		case *parser.AggregateExpr:
			if n.Without {
				t.Errorf("%s: by names the labels that are left, without does not", where)
			}
			q.grouped = true
			q.grouping = append(q.grouping, n.Grouping...)
		case *parser.BinaryExpr:
			if n.VectorMatching != nil {
				q.grouping = append(q.grouping, n.VectorMatching.MatchingLabels...)
			}
		}
		return nil
	})
	if len(q.selectors) == 0 {
		t.Errorf("%s asks for no metric", where)
	}
	return q
}

// fromPrometheus are the metrics that Prometheus adds to a target's.
var fromPrometheus = map[string]bool{"up": true}

// fromTarget are the labels that Prometheus adds.
var fromTarget = map[string]bool{"instance": true, "job": true}

// fixedLabels have values that are all there from the start, so that a value
// in a matcher can be checked.
var fixedLabels = map[string]bool{"lane": true, "outcome": true}

// check holds a query against what is exposed.
func (f families) check(t *testing.T, q query) {
	t.Helper()
	all := map[string]bool{}
	for _, s := range q.selectors {
		known := f.checkSelector(t, s)
		if known == nil {
			return // its labels are not known either
		}
		for name := range known {
			all[name] = true
		}
	}
	for _, name := range q.grouping {
		if !all[name] {
			t.Errorf("%s: no metric of it has the label %s", q.where, name)
		}
	}
}

// checkSelector returns the labels of a metric, nil if there is no such metric.
func (f families) checkSelector(t *testing.T, s selector) (known map[string]bool) {
	t.Helper()
	known = map[string]bool{}
	for name := range fromTarget {
		known[name] = true
	}
	if fromPrometheus[s.metric] {
		return known
	}
	family, bucket := f.of(s.metric)
	if family == nil {
		t.Errorf("%s: glint exposes no %s", s.where, s.metric)
		return nil
	}
	values := labelValues(family)
	for name := range values {
		known[name] = true
	}
	known["le"] = bucket
	for _, m := range s.matchers {
		if !known[m.Name] {
			t.Errorf("%s: %s has no label %s", s.where, s.metric, m.Name)
		}
		for _, value := range absentValues(m, values) {
			t.Errorf("%s: %s of %s is never %q", s.where, m.Name, s.metric, value)
		}
	}
	return known
}

// absentValues returns the values of a fixed label that the matcher asks for
// and the metric does not have.
func absentValues(m *labels.Matcher, values map[string]map[string]bool) (absent []string) {
	if !fixedLabels[m.Name] {
		return nil
	}
	for _, value := range strings.Split(m.Value, "|") {
		if !values[m.Name][value] {
			absent = append(absent, value)
		}
	}
	return absent
}

// lack reports whether the metric is not exposed yet, or not with every value
// of a fixed label that the selector asks for: one lane may be ahead of the
// other.
func (f families) lack(s selector) bool {
	if fromPrometheus[s.metric] {
		return false
	}
	family, _ := f.of(s.metric)
	if family == nil {
		return true
	}
	values := labelValues(family)
	for _, m := range s.matchers {
		if len(absentValues(m, values)) > 0 {
			return true
		}
	}
	return false
}

var (
	legendLabel = regexp.MustCompile(`{{\s*([a-z_]+)\s*}}`)
	alertLabel  = regexp.MustCompile(`\$labels\.([a-z_]+)`)
)

// checkTexts wants each label that a legend or annotation shows to be left over
// by the query.
func (f families) checkTexts(t *testing.T, q query, label *regexp.Regexp, texts ...string) {
	t.Helper()
	left := map[string]bool{}
	for _, name := range q.grouping {
		left[name] = true
	}
	if !q.grouped {
		for _, s := range q.selectors {
			if family, _ := f.of(s.metric); family != nil {
				for name := range labelValues(family) {
					left[name] = true
				}
			}
			for name := range fromTarget {
				left[name] = true
			}
		}
	}
	for _, text := range texts {
		for _, m := range label.FindAllStringSubmatch(text, -1) {
			if !left[m[1]] {
				t.Errorf("%s: %q shows the label %s, which its result has not", q.where, text, m[1])
			}
		}
	}
}
