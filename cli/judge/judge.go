// Package judge is `glint judge`: opens and clicks judged by time and company.
package judge

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
		Use:   "judge",
		Short: "Judge opens and clicks by time and company",
		Long: `Judges by what one request cannot tell: fetches before a message was sent or delivered, or right after it from networks of
machines; one network's fetches for many recipients of a domain at once; clicks on many links at once, or on a link that
no person sees; Gmail's prefetch beside its proxy. It begins with the verdict on each request alone, so the same settings
give the same numbers however often it runs, and a rule that is turned off is undone. A running glint does it by itself
(--judge-every). All of a run shows at once, each change with its reason; --dry-run changes nothing.`,
		Example: "  glint judge --dry-run\n  glint judge --since 72h --honeypot https://example.com/never",
	}, a, warehouse.KindJudge, run)
}
