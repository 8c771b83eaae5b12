// Package version is `glint version`.
package version

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/edge/classify"
	"glint/edge/event"
)

// Current returns the version of this binary: its tag, or else
// its commit, or else "devel".
func Current() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "devel"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return s.Value[:12]
		}
	}
	return "devel"
}

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version of glint and of its formats",
		Long:    "Prints the version of this binary, of its classification rules, and of its event lines. It changes nothing.",
		Example: "  glint version",
		Args:    app.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(a.Out, "glint %s\nruleset_version %d\nevent_version %d\n%s %s/%s\n",
				a.Version, classify.RulesetVersion, event.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}
