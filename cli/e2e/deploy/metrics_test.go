package deploy

import (
	"bytes"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// notShown are metrics that the dashboard leaves out, with the reason.
var notShown = map[string]string{}

// TestDashboardAndAlertsFitTheMetrics runs the service and compares both ways:
// what is asked for is exposed, and what is exposed is shown.
func TestDashboardAndAlertsFitTheMetrics(t *testing.T) {
	shown, legends := readDashboard(t).queries(t)
	rules := readRules(t)
	var alerts []query
	for _, r := range rules {
		alerts = append(alerts, parse(t, "alert "+r.Alert, r.Expr))
	}
	var wanted []selector
	for _, q := range append(append([]query{}, shown...), alerts...) {
		wanted = append(wanted, q.selectors...)
	}
	at := startIngest(t)
	use(t, at)
	found, text := exposed(t, at, wanted)

	t.Run("dashboard", func(t *testing.T) {
		for i, q := range shown {
			found.check(t, q)
			found.checkTexts(t, q, legendLabel, legends[i])
		}
	})
	t.Run("alerts", func(t *testing.T) {
		for i, q := range alerts {
			found.check(t, q)
			found.checkTexts(t, q, alertLabel, rules[i].Annotations["summary"], rules[i].Annotations["description"])
		}
	})
	t.Run("all shown", func(t *testing.T) { checkAllShown(t, found, shown) })
	t.Run("names", func(t *testing.T) { checkNames(t, text) })
	t.Run("health check", func(t *testing.T) { checkHealth(t, at) })
}

func TestAMetricOfOneLaneLacksTheOther(t *testing.T) {
	text := "# TYPE glint_batch_lag_seconds histogram\n" +
		`glint_batch_lag_seconds_bucket{lane="replay",le="+Inf"} 1` + "\n" +
		`glint_batch_lag_seconds_sum{lane="replay"} 1` + "\n" + `glint_batch_lag_seconds_count{lane="replay"} 1` + "\n"
	parser := expfmt.NewTextParser(model.UTF8Validation)
	found, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for expression, want := range map[string]bool{
		`glint_batch_lag_seconds_bucket`:                     false,
		`glint_batch_lag_seconds_bucket{lane="replay"}`:      false,
		`glint_batch_lag_seconds_bucket{lane="live"}`:        true,
		`glint_batch_lag_seconds_bucket{lane="live|replay"}`: true,
		`glint_batch_rows_total`:                             true,
		`up`:                                                 false,
	} {
		if got := families(found).lack(parse(t, expression, expression).selectors[0]); got != want {
			t.Errorf("%s is lacking: %v, want %v", expression, got, want)
		}
	}
}

// checkAllShown wants every metric of glint on the dashboard.
func checkAllShown(t *testing.T, found families, shown []query) {
	t.Helper()
	onIt := map[string]bool{}
	for _, q := range shown {
		for _, s := range q.selectors {
			if family, _ := found.of(s.metric); family != nil {
				onIt[family.GetName()] = true
			}
		}
	}
	for name := range found {
		if strings.HasPrefix(name, "glint_") && !onIt[name] && notShown[name] == "" {
			t.Errorf("%s is not on the dashboard", name)
		}
	}
	for name := range notShown {
		if onIt[name] || found[name] == nil {
			t.Errorf("%s is no exception: it is shown, or not exposed", name)
		}
	}
}

// checkNames holds glint's metrics against Prometheus' conventions.
// https://prometheus.io/docs/practices/naming/
func checkNames(t *testing.T, text []byte) {
	t.Helper()
	problems, err := promlint.New(bytes.NewReader(text)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "glint_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}
