// Package retention is `glint retention`: it shows and sets retention periods.
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
		Short: "Show and set retention periods",
		Long: `The service deletes data after its retention period. Numbers stay: an open keeps its class after its facts are deleted, and
a message still counts after its recipient is deleted, but it appears in no list by its address and in no recipient's
history. When all messages of a campaign have passed the period, no message can be registered in it any more.`,
		Example: "  glint retention show\n  glint retention set identified=13mo facts=30d --yes",
	}, newShowCmd(a), newSetCmd(a))
}

// Row is one kind of data, as show prints it.
type Row struct {
	Kind string `json:"kind"`
	Kept string `json:"kept"`
	What string `json:"what"`
	Set  string `json:"set_by"`
}

// fixed are the kinds without a setting in the home.
var fixed = []Row{
	{"log", "--log-retain", "lines of the log that are in the warehouse", "flag"},
	{"receipts", "7d", "ids of events, for glint audit", "fixed"},
	{"unresolved", "30d", "opens and other events of messages that are not registered", "fixed"},
	{"bad-tokens", "7d", "requests whose token no key verifies", "fixed"},
	{"choices", "forever", "the ledger of choices: keyed hashes, kept as proof", "fixed"},
}

// Rows returns the retention of each kind: first the kinds of the settings,
// in the order of retention.Kinds, then the fixed ones.
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
		Short: "Show the retention periods",
		Long: "Shows the retention period of each kind of data, by the home's settings. A period begins at the registration of a\n" +
			"message, and at the receipt of everything else. It changes nothing.",
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
		Short: "Set retention periods",
		Long: "Sets the retention period of kinds of data: a number with s, m, h, d, mo (30 days) or y (365 days), or forever. A running\n" +
			"glint applies it within seconds. A shorter period permanently deletes older data; backups and your own copies keep it.",
		Example: "  glint retention set facts=30d --yes\n  glint retention set identified=13mo pseudonymous=30d --yes",
		Args:    cobra.ArbitraryArgs,
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "confirm that a shorter period deletes older data")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "print the new settings, and change nothing")
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
			return app.UsageTry(fmt.Errorf("the shorter period of %s permanently deletes older data", shorter), cmd.CommandPath()+" … --yes")
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
