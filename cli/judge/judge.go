// Package judge is `glint judge`: it classifies opens and clicks by their time and by the events around them.
package judge

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
		Use:   "judge",
		Short: "Classify opens and clicks by time and by the events around them",
		Long: `Classifies by facts that one request does not show: fetches before a message was sent or delivered, or right after that
from networks of machines; one network's fetches for many recipients of a domain at once; clicks on many links at once, or
on a link that no person sees; Gmail's prefetch beside its proxy. It starts from the class of each request alone, so the
same settings give the same numbers however often it runs, and turning a rule off undoes it. A running glint judges by
itself (--judge-every). All changes of a run appear at once, each with its reason; --dry-run changes nothing.`,
		Example: "  glint judge --dry-run\n  glint judge --since 72h --honeypot https://example.com/never",
	}, a, warehouse.KindJudge, run)
}
