// Package tokens is `glint tokens`: it lists, makes and revokes clients' tokens for ingest.
package tokens

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/home"
	"glint/cli/internal/output"
	"glint/ingest/receiver"
)

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command {
	return app.Group(&cobra.Command{
		Use:   "tokens",
		Short: "List, make and revoke the tokens with which clients post to ingest",
		Long: `A token allows a client the requests of its scopes:

  logs         POST /v1/logs
  sends        POST /v1/sends
  deliveries   POST /v1/deliveries
  consent      POST /v1/consent

The tokens are in $GLINT_HOME/tokens, one label:scope[,scope]:secret per line, readable by its owner only. A running glint
applies a change within two seconds. The CDN's token for logs is not among them: it is in $GLINT_HOME/credentials.env.`,
		Example: "  glint tokens new shop --scope sends,deliveries --output shop.token\n  glint tokens list",
	}, newListCmd(a), newNewCmd(a), newRevokeCmd(a))
}

// fileFlag adds --tokens-file, as glint up has it.
func fileFlag(cmd *cobra.Command, file *string) {
	cmd.Flags().StringVar(file, "tokens-file", "", "file of the tokens (default: tokens in $GLINT_HOME)")
}

// listed is a token as list prints it.
type listed struct {
	Label  string `json:"label"`
	Scopes string `json:"scopes"`
}

func newListCmd(a *app.App) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the tokens, without their secrets",
		Long:    "Lists the label and the scopes of each token. It changes nothing.",
		Example: "  glint tokens list\n  glint tokens list --format json",
		Args:    app.NoArgs,
	}
	format := app.ChoiceFlag(cmd, "format", "output format", "table", "json")
	fileFlag(cmd, &file)
	cmd.RunE = func(*cobra.Command, []string) error {
		tokens, err := home.ReadTokens(cmp.Or(file, a.Home.TokensFile()))
		if err != nil {
			return err
		}
		all := make([]listed, len(tokens))
		for i := range tokens {
			all[i] = listed{tokens[i].Label, tokens[i].ScopeList()}
		}
		if len(all) == 0 {
			fmt.Fprintln(a.Err, "there are no tokens yet; glint tokens new LABEL --scope SCOPE --output FILE makes one")
			if format.String() == "table" {
				return nil
			}
		}
		return output.WriteRows(a.Out, format.String(), all)
	}
	return cmd
}

type newOptions struct {
	app          *app.App
	scopes       []string
	file, output string
	dryRun       bool
}

func newNewCmd(a *app.App) *cobra.Command {
	o := &newOptions{app: a}
	cmd := &cobra.Command{
		Use:   "new LABEL",
		Short: "Make a token",
		Long: "Makes a token with a random secret, and writes the secret to a new file that only its owner can read, for\n" +
			"--ingest-token-file of other commands; with --output - it prints the secret. The secret is shown only once. The label\n" +
			"appears in metrics and in stored bodies. To replace a token, make another one, move the client to it, and revoke the\n" +
			"old one.",
		Example: "  glint tokens new shop --scope sends,deliveries --output shop.token\n  glint tokens new cdn --scope logs --output -",
		Args:    app.OneArg("label"),
	}
	cmd.Flags().StringSliceVar(&o.scopes, "scope", nil, "scope of the token: logs, sends, deliveries, consent; repeatable (required)")
	cmd.Flags().StringVar(&o.output, "output", "", "new file for the secret; - prints it (required)")
	fileFlag(cmd, &o.file)
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "check the arguments, and change nothing")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(o.scopes) == 0 || o.output == "" {
			return app.UsageOf(cmd, errors.New("want --scope and --output"))
		}
		return o.run(cmd, args[0])
	}
	return cmd
}

func (o *newOptions) run(cmd *cobra.Command, label string) error {
	a, file := o.app, cmp.Or(o.file, o.app.Home.TokensFile())
	t, err := home.NewToken(file, label, o.scopes)
	switch {
	case errors.Is(err, home.ErrTokenExists):
		return app.Try(err, "another label; or glint tokens revoke "+label)
	case errors.Is(err, receiver.ErrToken):
		return app.UsageOf(cmd, err)
	case err != nil:
		return err
	case o.dryRun:
		fmt.Fprintf(a.Err, "token %s would be made for %s; nothing was changed (--dry-run)\n", label, t.ScopeList())
		return nil
	}
	if o.output != "-" {
		if err := writeNew(o.output, t.Secret+"\n"); err != nil {
			return err
		}
	}
	if err := a.Home.AddToken(file, t); err != nil {
		if o.output != "-" {
			_ = os.Remove(o.output) // the token in it was not added
		}
		return err
	}
	if o.output == "-" {
		fmt.Fprintf(a.Err, "made token %s for %s\n", label, t.ScopeList())
		_, err = fmt.Fprintln(a.Out, t.Secret)
		return err
	}
	fmt.Fprintf(a.Err, "made token %s for %s; its secret is in %s\n", label, t.ScopeList(), o.output)
	return nil
}

// writeNew creates a file that only its owner can read; it returns an error if the file exists.
func writeNew(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return app.Try(fmt.Errorf("%s is there already", path), "another --output")
	}
	if err != nil {
		return fmt.Errorf("write the secret: %w", err)
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Sync(), f.Close())
}

func newRevokeCmd(a *app.App) *cobra.Command {
	var file string
	var dryRun bool
	cmd := &cobra.Command{
		Use:     "revoke LABEL",
		Short:   "Revoke a client's token",
		Long:    "Removes all tokens with that label from the file. A running glint refuses them within two seconds.",
		Example: "  glint tokens revoke shop",
		Args:    app.OneArg("label"),
	}
	fileFlag(cmd, &file)
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "print what would be revoked, and change nothing")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		file := cmp.Or(file, a.Home.TokensFile())
		if dryRun {
			fmt.Fprintf(a.Err, "token %s would be revoked; nothing was changed (--dry-run)\n", args[0])
			return nil
		}
		if err := a.Home.RevokeToken(file, args[0]); errors.Is(err, home.ErrNoToken) {
			return app.Try(err, "glint tokens list")
		} else if err != nil {
			return err
		}
		fmt.Fprintf(a.Err, "revoked token %s\n", args[0])
		return nil
	}
	return cmd
}
