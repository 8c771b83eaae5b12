// Package retention is `glint retention`: how long what is kept.
package retention

import (
	"fmt"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/ingest/retention"
)

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command {
	return app.Group(&cobra.Command{
		Use:   "retention",
		Short: "Show and set how long what is kept",
		Long: `The service lets go of what has been kept for long enough. Numbers stay: an open whose facts are gone keeps its verdict,
and a message whose recipient was forgotten still counts, but belongs to nobody: it is in no list by its address, and
stands in no recipient's history. Once all of a campaign's messages are that old, nothing can be registered in it any more.`,
		Example: "  glint retention show\n  glint retention set identified=13mo facts=30d --yes",
	}, newShowCmd(a), newSetCmd(a))
}

// Row is one kind, as show prints it.
type Row struct {
	Kind string `json:"kind"`
	Kept string `json:"kept"`
	What string `json:"what"`
	Set  string `json:"set_by"`
}

// fixed are the kinds that have no setting here.
var fixed = []Row{
	{"log", "--log-retain", "lines of the log that are in the warehouse", "flag"},
	{"receipts", "7d", "ids of events, for glint audit", "fixed"},
	{"unresolved", "30d", "opens and other events of messages that nobody has registered", "fixed"},
	{"bad-tokens", "7d", "requests with a token that no key verifies", "fixed"},
	{"choices", "forever", "the ledger of choices: keyed hashes, as the proof", "fixed"},
}

// Rows returns how long each kind is kept by the settings, those of the settings first
// and in the order of retention.Kinds.
func Rows(s retention.Settings) []Row {
	d := retention.Default()
	var rows []Row
	for _, k := range retention.Kinds {
		set := "default"
		if *k.Of(&s) != *k.Of(&d) {
			set = "setting"
		}
		rows = append(rows, Row{k.Name, k.Of(&s).String(), k.About, set})
	}
	return append(rows, fixed...)
}

func newShowCmd(a *app.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Show how long what is kept",
		Long: "Shows how long each kind is kept, by the home's settings. A period counts from the registration of a message, and from\n" +
			"the receipt of everything else. It changes nothing.",
		Example: "  glint retention show\n  glint retention show --format json",
		Args:    app.NoArgs,
	}
	format := app.ChoiceFlag(cmd, "format", "output format", "table", "json")
	cmd.RunE = func(*cobra.Command, []string) error {
		s, err := a.Home.Retention()
		if err != nil {
			return err
		}
		return output.WriteRows(a.Out, format.String(), Rows(s))
	}
	return cmd
}

func newSetCmd(a *app.App) *cobra.Command {
	var yes, dryRun bool
	cmd := &cobra.Command{
		Use:   "set KIND=PERIOD...",
		Short: "Set how long what is kept",
		Long: "Sets how long kinds are kept: a number with s, m, h, d, mo (30 days) or y (365 days), or forever. A running glint follows\n" +
			"within seconds. A shorter period lets go of what is older, for good; backups and your own copies keep it.",
		Example: "  glint retention set facts=30d --yes\n  glint retention set identified=13mo pseudonymous=30d --yes",
		Args:    cobra.ArbitraryArgs,
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "let go of what is older by a shorter period")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what would be set, and change nothing")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		before, err := a.Home.Retention()
		if err != nil {
			return err
		}
		after, shorter, err := change(before, args)
		if err != nil {
			return app.UsageOf(cmd, err)
		}
		if shorter != "" && !yes && !dryRun {
			return app.UsageTry(fmt.Errorf("the shorter period of %s lets go of what is older, for good", shorter), cmd.CommandPath()+" … --yes")
		}
		if dryRun {
			fmt.Fprintln(a.Err, "nothing was changed (--dry-run)")
			return nil
		}
		if after != before {
			if err := a.Home.SetRetention(after); err != nil {
				return err
			}
		}
		for _, k := range retention.Kinds {
			if *k.Of(&after) != *k.Of(&before) {
				fmt.Fprintf(a.Err, "%s: kept for %s, before for %s\n", k.Name, k.Of(&after), k.Of(&before))
			}
		}
		return nil
	}
	return cmd
}
