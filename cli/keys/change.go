package keys

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"glint/cli/app"
	"glint/cli/home"
	"glint/edge/token"
)

// change is one of the commands that write the ring. It returns the keys as
// they are to be, which may be its argument, and a note of what that means.
type change func(keys []token.Key) (after []token.Key, note string, err error)

// apply writes what c makes of the keys, and prints them.
func apply(a *app.App, dryRun bool, c change) error {
	var note string
	update := func(before []token.Key) (after []token.Key, err error) {
		after, note, err = c(slices.Clone(before))
		return after, err
	}
	var keys []token.Key
	var err error
	if dryRun {
		if keys, err = a.Home.ReadKeys(); err == nil {
			keys, err = update(keys)
		}
	} else {
		keys, err = a.Home.UpdateKeys(update)
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(a.Err, note)
	if dryRun {
		fmt.Fprintln(a.Err, "nothing was changed (--dry-run)")
	} else if _, err := a.Home.ReadState(); err == nil {
		fmt.Fprintln(a.Err, "note: the running glint still has the old keys; restart it")
	}
	return writeTable(a.Out, keys)
}

func dryRunFlag(cmd *cobra.Command, dryRun *bool) {
	cmd.Flags().BoolVar(dryRun, "dry-run", false, "show what the keys would be, and change nothing")
}

func newNewCmd(a *app.App) *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "new",
		Short: "Make a new signing key; the one before only verifies",
		Long: `Adds a key that signs from now on. The key that signed before goes on verifying. Restart glint before the next
campaign is registered, so that it knows the key; where the edge has keys, run the commands of glint keys fastly, too.`,
		Example: "  glint keys new",
		Args:    app.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return apply(a, dryRun, addKey)
		},
	}
	dryRunFlag(cmd, &dryRun)
	return cmd
}

func addKey(keys []token.Key) ([]token.Key, string, error) {
	next, note := 1, ""
	for i := range keys {
		if keys[i].State == token.Signing {
			keys[i].State = token.Verifying
			note = fmt.Sprintf("; key %d only verifies", keys[i].ID)
		}
		next = max(next, int(keys[i].ID)+1)
	}
	if next > 255 {
		return nil, "", errors.New("the ring has used its last key id, 255")
	}
	return append(keys, home.NewKey(uint8(next))), fmt.Sprintf("key %d signs from now on%s", next, note), nil
}

func newRetireCmd(a *app.App) *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "retire ID",
		Short: "Let a signing key only verify",
		Long: "Takes the signing key out of use without a new one: until glint keys new, no message can be registered. What the\n" +
			"key has signed stays valid.",
		Example: "  glint keys retire 1",
		Args:    app.OneArg("key's id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return applyTo(cmd, a, args[0], dryRun, retireKey)
		},
	}
	dryRunFlag(cmd, &dryRun)
	return cmd
}

func retireKey(k *token.Key) (note string, err error) {
	switch k.State {
	case token.Revoked:
		return "", fmt.Errorf("key %d is revoked, which is for ever", k.ID)
	case token.Verifying:
		return fmt.Sprintf("key %d only verifies already", k.ID), nil
	}
	k.State = token.Verifying
	return fmt.Sprintf("key %d only verifies; no key signs until: glint keys new", k.ID), nil
}

func newRevokeCmd(a *app.App) *cobra.Command {
	var dryRun, yes bool
	cmd := &cobra.Command{
		Use:   "revoke ID",
		Short: "Make a key, and every URL that it signed, invalid",
		Long: `Revokes a key that verifies. It cannot be taken back: opens of all pixel URLs that the key signed are bad tokens from
the next start on, and in no report. For a key that others have seen. The key stays in the list, so that its id is not
used again.`,
		Example: "  glint keys revoke 1 --dry-run\n  glint keys revoke 1 --yes",
		Args:    app.OneArg("key's id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return applyTo(cmd, a, args[0], dryRun, func(k *token.Key) (string, error) {
				before := k.State
				note, err := revokeKey(k)
				if err == nil && k.State != before && !yes && !dryRun {
					err = app.UsageTry(fmt.Errorf("revoking key %d cannot be taken back", k.ID), cmd.CommandPath()+" "+args[0]+" --yes")
				}
				return note, err
			})
		},
	}
	dryRunFlag(cmd, &dryRun)
	cmd.Flags().BoolVar(&yes, "yes", false, "yes, for ever")
	return cmd
}

func revokeKey(k *token.Key) (note string, err error) {
	switch k.State {
	case token.Signing:
		return "", app.Try(fmt.Errorf("key %d is the one that signs", k.ID), "glint keys new")
	case token.Revoked:
		return fmt.Sprintf("key %d is revoked already", k.ID), nil
	}
	k.State = token.Revoked
	return fmt.Sprintf("key %d is revoked: opens of the URLs that it signed do not count any more", k.ID), nil
}

// applyTo applies a change to the key with that id.
func applyTo(cmd *cobra.Command, a *app.App, id string, dryRun bool, one func(*token.Key) (string, error)) error {
	n, err := strconv.ParseUint(id, 10, 8)
	if err != nil {
		return app.UsageOf(cmd, fmt.Errorf("%q is no key id: want a number from 0 to 255", id))
	}
	return apply(a, dryRun, func(keys []token.Key) ([]token.Key, string, error) {
		i := slices.IndexFunc(keys, func(k token.Key) bool { return k.ID == uint8(n) })
		if i < 0 {
			return nil, "", app.Try(fmt.Errorf("there is no key %d", n), "glint keys list")
		}
		note, err := one(&keys[i])
		return keys, note, err
	})
}
