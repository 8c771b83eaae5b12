package deploy

import (
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

type rule struct {
	Alert       string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

// decode reads a file into v and refuses fields that v does not have.
func decode(t *testing.T, v any, elem ...string) {
	t.Helper()
	d := yaml.NewDecoder(strings.NewReader(read(t, elem...)))
	d.KnownFields(true)
	if err := d.Decode(v); err != nil {
		t.Fatalf("%s: %v", strings.Join(elem, "/"), err)
	}
}

func readRules(t *testing.T) (rules []rule) {
	t.Helper()
	var file struct {
		Groups []struct {
			Name  string `yaml:"name"`
			Rules []rule `yaml:"rules"`
		} `yaml:"groups"`
	}
	decode(t, &file, "prometheus", "alerts.yaml")
	for _, g := range file.Groups {
		rules = append(rules, g.Rules...)
	}
	if len(rules) == 0 {
		t.Fatal("there is no rule")
	}
	return rules
}

func TestAlertsSayWhatToDo(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range readRules(t) {
		if !strings.HasPrefix(r.Alert, "Glint") || seen[r.Alert] {
			t.Errorf("alert %q has no name of its own", r.Alert)
		}
		seen[r.Alert] = true
		if r.For != "" {
			if _, err := time.ParseDuration(r.For); err != nil {
				t.Errorf("alert %s: for: %v", r.Alert, err)
			}
		}
		if s := r.Labels["severity"]; s != "critical" && s != "warning" {
			t.Errorf("alert %s has the severity %q", r.Alert, s)
		}
		for _, name := range []string{"summary", "description"} {
			if r.Annotations[name] == "" {
				t.Errorf("alert %s has no %s", r.Alert, name)
			}
		}
		if len(r.Annotations) != 2 {
			t.Errorf("alert %s has the annotations %v", r.Alert, r.Annotations)
		}
	}
}

func TestPrometheusReadsTheRulesAndGlint(t *testing.T) {
	var file struct {
		Global    map[string]string `yaml:"global"`
		RuleFiles []string          `yaml:"rule_files"`
		Scrape    []struct {
			JobName string `yaml:"job_name"`
			Static  []struct {
				Targets []string `yaml:"targets"`
			} `yaml:"static_configs"`
		} `yaml:"scrape_configs"`
	}
	decode(t, &file, "prometheus", "prometheus.yaml")
	for _, name := range file.RuleFiles {
		read(t, "prometheus", name)
	}
	if len(file.RuleFiles) != 1 || len(file.Scrape) != 1 {
		t.Fatalf("%d rule files and %d jobs, want one each", len(file.RuleFiles), len(file.Scrape))
	}
	if job := file.Scrape[0]; job.JobName != "glint" || job.Static[0].Targets[0] != "glint:9702" {
		t.Errorf("the job is %+v", job)
	}
}
