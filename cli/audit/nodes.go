package audit

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"glint/cli/internal/app"
	"glint/cli/internal/home"
	"glint/cli/internal/output"
	"glint/ingest/audit"
)

// nodes returns the ingest nodes to audit, the node of $GLINT_HOME first. If there are
// several, each is named by its home.
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
			return nil, app.Try(fmt.Errorf("node %s: %w", name, err), "name the $GLINT_HOME folders of the other nodes; the own $GLINT_HOME is always included")
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

// ofNode returns the part of a sentence that names the node; "" if there is only one.
func ofNode(name string) string {
	if name == "" {
		return ""
	}
	return " of node " + output.Safe(name)
}

// faulty returns the first node with an event that is not accounted for.
func faulty(r *audit.Result) string {
	for i := range r.Rows {
		if r.Rows[i].Missing > 0 {
			return r.Rows[i].Node
		}
	}
	if all := slices.Concat(r.Lost, r.WithoutReceipt); len(all) > 0 {
		return all[0].Node
	}
	return ""
}

// advice returns the next command to try after a difference.
func (o *Options) advice(r *audit.Result) string {
	at, dir := "", o.App.Home.LogDir()
	if name := faulty(r); name != "" {
		at, dir = "on node "+name+": ", filepath.Join(name, "log")
	}
	if r.Total.Missing == r.Total.Unexplained {
		return "glint log verify " + dir
	}
	if !o.Repair {
		return at + "glint audit --repair, with --archive if there is one"
	}
	if len(o.Archive) == 0 {
		return "glint audit --repair --archive ARCHIVE, with the lines of those hours"
	}
	return "another archive, such as the bucket of your CDN's log stream"
}
