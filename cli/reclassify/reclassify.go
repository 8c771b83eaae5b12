// Package reclassify is `glint reclassify`: it applies the current rules to stored requests.
package reclassify

import (
	"context"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/judging"
	"glint/ingest/warehouse"
)

// NewCmd returns the command, which calls run with the parsed options; a nil run
// stands for the real one.
func NewCmd(a *app.App, run func(context.Context, *judging.Options) error) *cobra.Command {
	return judging.Command(&cobra.Command{
		Use:   "reclassify",
		Short: "Classify stored requests again by the rules of this version",
		Long: `Classifies the stored requests by the rules of this version, then judges them as glint judge does. It prints how many opens
move from one class to another, and by how much the numbers of each campaign change. Opens whose facts have expired, and
opens of your own clients (glint ignore), keep their class; their number is printed. A report shows either all old classes
or all new ones, even while events arrive; --dry-run changes nothing.`,
		Example: "  glint reclassify --dry-run\n  glint reclassify --since 2026-11-01",
	}, a, warehouse.KindReclassify, run)
}
