// Package reclassify is `glint reclassify`: history judged by the rules of today.
package reclassify

import (
	"context"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/judging"
	"glint/ingest/warehouse"
)

// NewCmd returns the command. run is called with what was parsed; nil is the
// real one.
func NewCmd(a *app.App, run func(context.Context, *judging.Options) error) *cobra.Command {
	return judging.Command(&cobra.Command{
		Use:   "reclassify",
		Short: "Judge history again by the rules of this program",
		Long: `Judges the requests that are stored by the rules of this program, then as "glint judge" does, and prints how many opens go
from one class to another, and by how much the numbers of each campaign change. Opens whose facts have expired, and those
of own mail (glint ignore), keep their verdict and are counted. A report shows all of the old verdicts or all of the new,
while events arrive; --dry-run changes nothing.`,
		Example: "  glint reclassify --dry-run\n  glint reclassify --since 2026-11-01",
	}, a, warehouse.KindReclassify, run)
}
