package audit

import (
	"fmt"
	"os"
	"path/filepath"

	"glint/cli/internal/app"
	"glint/cli/internal/home"
	"glint/cli/internal/output"
	"glint/ingest/audit"
)

// nodes returns the ingests that are audited, that of the own home first. They have
// names if they are several: their homes.
func (o *Options) nodes() ([]audit.Node, error) {
	if len(o.Nodes) == 0 {
		return []audit.Node{{LogDir: o.App.Home.LogDir()}}, nil
	}
	var all []audit.Node
	var seen []os.FileInfo
	for _, name := range append([]string{string(o.App.Home)}, o.Nodes...) {
		dir := home.Home(name).LogDir()
		is, err := os.Stat(dir)
		if err != nil {
			return nil, app.Try(fmt.Errorf("node %s: %w", name, err), "name the folders that are $GLINT_HOME of the nodes; $GLINT_HOME itself is one of them")
		}
		for i, other := range seen {
			if os.SameFile(is, other) {
				return nil, app.Usage(fmt.Errorf("--node: %s is the same node as %s", name, all[i].Name))
			}
		}
		seen, all = append(seen, is), append(all, audit.Node{Name: name, LogDir: dir})
	}
	return all, nil
}

// ofNode is what a sentence adds about a node; nothing if there is one.
func ofNode(name string) string {
	if name == "" {
		return ""
	}
	return " of node " + output.Safe(name)
}

// faulty returns the first node that has something that is not accounted for.
func faulty(r *audit.Result) string {
	for i := range r.Rows {
		if r.Rows[i].Missing > 0 {
			return r.Rows[i].Node
		}
	}
	for _, records := range append(r.Lost, r.WithoutReceipt...) {
		return records.Node
	}
	return ""
}

// advice says what to do about a difference.
func (o *Options) advice(r *audit.Result) string {
	at, dir := "", o.App.Home.LogDir()
	if name := faulty(r); name != "" {
		at, dir = "on node "+name+": ", filepath.Join(name, "log")
	}
	if r.Total.Missing == r.Total.Unexplained {
		return "glint log verify " + dir
	}
	if !o.Repair {
		return at + "glint audit --repair, with --archive where there is one"
	}
	if len(o.Archive) == 0 {
		return "glint audit --repair --archive ARCHIVE, with the lines of those hours"
	}
	return "another archive, as the bucket of your CDN's log stream"
}
