package deploy

import (
	"encoding/json"
	"strings"
	"testing"
)

type target struct{ RefID, Expr, LegendFormat string }

type source struct{ Type, UID string }

type panel struct {
	ID          int
	Type        string
	Title       string
	Description string
	Datasource  source
	GridPos     struct{ X, Y, W, H int }
	FieldConfig struct{ Defaults struct{ Unit string } }
	Targets     []target
}

type dashboard struct {
	UID        string
	Panels     []panel
	Templating struct {
		List []struct{ Name, Type, Definition string }
	}
	Annotations struct {
		List []struct {
			Name, Expr, TextFormat string
			Datasource             source
		}
	}
}

func readDashboard(t *testing.T) (d dashboard) {
	t.Helper()
	if err := json.Unmarshal([]byte(read(t, "grafana", "dashboard.json")), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// queries are all of the dashboard, with the texts that show their labels.
func (d dashboard) queries(t *testing.T) (all []query, legends []string) {
	t.Helper()
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			all = append(all, parse(t, "panel "+p.Title, target.Expr))
			legends = append(legends, target.LegendFormat)
		}
	}
	for _, a := range d.Annotations.List {
		all = append(all, parse(t, "annotation "+a.Name, a.Expr))
		legends = append(legends, a.TextFormat)
	}
	for _, v := range d.Templating.List {
		if values, ok := strings.CutPrefix(v.Definition, "label_values("); ok {
			metric, label, _ := strings.Cut(strings.TrimSuffix(values, ")"), ", ")
			all = append(all, parse(t, "variable "+v.Name, metric))
			legends = append(legends, "{{"+label+"}}")
		}
	}
	return all, legends
}

func TestDashboardIsWhole(t *testing.T) {
	d := readDashboard(t)
	ids, names := map[int]bool{}, map[string]bool{}
	for _, v := range d.Templating.List {
		names[v.Name+" "+v.Type] = true
	}
	if !names["datasource datasource"] || !names["instance query"] {
		t.Errorf("the variables are %v", names)
	}
	taken := map[[2]int]string{} // cells of the grid
	for _, p := range d.Panels {
		if ids[p.ID] {
			t.Errorf("panel %s: another has the id %d", p.Title, p.ID)
		}
		ids[p.ID] = true
		g := p.GridPos
		if g.W < 1 || g.H < 1 || g.X < 0 || g.X+g.W > 24 {
			t.Errorf("panel %s does not fit into the grid", p.Title)
		}
		for x := g.X; x < g.X+g.W; x++ {
			for y := g.Y; y < g.Y+g.H; y++ {
				if other, ok := taken[[2]int{x, y}]; ok {
					t.Fatalf("panel %s lies over %s", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		if p.Type != "row" {
			checkPanel(t, p)
		}
	}
}

func checkPanel(t *testing.T, p panel) {
	t.Helper()
	if p.Description == "" || p.FieldConfig.Defaults.Unit == "" || len(p.Targets) == 0 {
		t.Errorf("panel %s lacks a description, a unit or a query", p.Title)
	}
	if want := (source{"prometheus", "${datasource}"}); p.Datasource != want {
		t.Errorf("panel %s asks %v", p.Title, p.Datasource)
	}
	refs := map[string]bool{}
	for _, target := range p.Targets {
		if target.RefID == "" || refs[target.RefID] || target.LegendFormat == "" {
			t.Errorf("panel %s: query %q has no name of its own or no legend", p.Title, target.RefID)
		}
		refs[target.RefID] = true
		if !strings.Contains(target.Expr, `instance=~"$instance"`) {
			t.Errorf("panel %s: query %s ignores the chosen instance", p.Title, target.RefID)
		}
	}
}
