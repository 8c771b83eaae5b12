// Command glint measures email opens: it runs the service, registers sends and
// reports. Each folder beside this file is a noun of the command line.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"glint/cli/audit"
	"glint/cli/backup"
	"glint/cli/breakdown"
	"glint/cli/campaign"
	"glint/cli/classify"
	"glint/cli/consent"
	"glint/cli/demo"
	"glint/cli/doctor"
	"glint/cli/edge"
	"glint/cli/engine"
	"glint/cli/explain"
	"glint/cli/export"
	"glint/cli/help"
	"glint/cli/ignore"
	imports "glint/cli/import"
	"glint/cli/internal/app"
	"glint/cli/internal/home"
	"glint/cli/judge"
	"glint/cli/keys"
	"glint/cli/lint"
	"glint/cli/live"
	"glint/cli/log"
	"glint/cli/migrate"
	"glint/cli/networks"
	"glint/cli/nonopeners"
	"glint/cli/openers"
	"glint/cli/person"
	"glint/cli/privacy"
	"glint/cli/recipients"
	"glint/cli/reclassify"
	"glint/cli/replay"
	"glint/cli/report"
	"glint/cli/restore"
	"glint/cli/retention"
	"glint/cli/send"
	"glint/cli/serve"
	"glint/cli/sql"
	"glint/cli/status"
	"glint/cli/stream"
	"glint/cli/tail"
	"glint/cli/timeline"
	"glint/cli/tokens"
	"glint/cli/up"
	"glint/cli/user"
	"glint/cli/version"
	"glint/cli/web"
	"glint/cli/webhook"
	"glint/ingest/warehouse/embedded"
)

func main() {
	embedded.RunChildIfAsked()
	os.Exit(run())
}

// run is main without the exit, for tests.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	h, err := home.Locate(os.Getenv)
	if err != nil {
		return app.Report(os.Stderr, err)
	}
	a := &app.App{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv, Home: h, Version: version.Current()}
	return app.Report(os.Stderr, newRootCmd(a).ExecuteContext(ctx))
}

func newRootCmd(a *app.App) *cobra.Command {
	var quiet bool
	root := &cobra.Command{
		Use:   "glint",
		Short: "Email open tracking that you own and can believe",
		Long: "glint serves a tracking pixel, stores every open, and reports open rates with their uncertainty:\n" +
			"it separates machine opens, accounts for Apple's privacy prefetch, and computes every number from rows you can read.",
		Args:          refuseUnknown,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		Example:       "  glint up --demo\n  glint send register --campaign spring --file recipients.csv --output urls.csv\n  glint report spring",
		Version:       a.Version,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.FlagsFromEnvironment(cmd); err != nil {
				return err
			}
			if quiet {
				a.BeQuiet()
			}
			return nil
		},
	}
	root.PersistentFlags().BoolVarP(&quiet, "quiet", "q", false, "print no notes, progress or success messages")
	root.SuggestionsMinimumDistance = 2
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetHelpCommand(help.NewCmd())
	root.SetIn(a.In)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	root.SetFlagErrorFunc(app.UsageOf)
	for _, g := range groups(a) {
		root.AddGroup(&cobra.Group{ID: g.title, Title: g.title})
		for _, cmd := range g.commands {
			cmd.GroupID = g.title
			root.AddCommand(cmd)
		}
	}
	root.SetHelpCommandGroupID("Start here:")
	root.AddCommand(help.NewExitCodesCmd())
	root.AddCommand(help.NewTopicCmds()...)
	completeNames(a, root)
	return root
}

// group is a heading of the root help with its commands.
type group struct {
	title    string
	commands []*cobra.Command
}

func groups(a *app.App) []group {
	return []group{
		{"Start here:", []*cobra.Command{up.NewCmd(a), engine.NewCmd(a), demo.NewCmd(a), version.NewCmd(a)}},
		{"Campaigns:", []*cobra.Command{send.NewCmd(a), campaign.NewCmd(a), report.NewCmd(a, nil), web.NewCmd(a), live.NewCmd(a), consent.NewCmd(a), person.NewCmd(a), privacy.NewCmd(a), ignore.NewCmd(a)}},
		{"Who and when:", []*cobra.Command{
			openers.NewCmd(a), nonopeners.NewCmd(a), recipients.NewCmd(a), timeline.NewCmd(a, nil), breakdown.NewCmd(a, nil), explain.NewCmd(a, nil),
		}},
		{"Rows:", []*cobra.Command{sql.NewCmd(a), export.NewCmd(a), tail.NewCmd(a), webhook.NewCmd(a), user.NewCmd(a)}},
		{"Operate:", []*cobra.Command{
			serve.NewCmd(a), edge.NewCmd(a), keys.NewCmd(a), tokens.NewCmd(a), networks.NewCmd(a), migrate.NewCmd(a), log.NewCmd(a), replay.NewCmd(a), imports.NewCmd(a), stream.NewCmd(a),
			judge.NewCmd(a, nil), reclassify.NewCmd(a, nil), retention.NewCmd(a), backup.NewCmd(a), restore.NewCmd(a),
		}},
		{"Check:", []*cobra.Command{status.NewCmd(a), doctor.NewCmd(a), audit.NewCmd(a, nil), classify.NewCmd(a), lint.NewCmd(a)}},
	}
}

// refuseUnknown returns a usage error for an unknown command, with the most similar
// command as advice.
func refuseUnknown(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	try := cmd.CommandPath() + " --help"
	if near := cmd.SuggestionsFor(args[0]); args[0] != "" && len(near) > 0 {
		try = cmd.CommandPath() + " " + near[0]
	}
	return app.UsageTry(fmt.Errorf("unknown command %q", args[0]), try)
}
