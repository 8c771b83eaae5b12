package keys

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/home"
	"glint/cli/internal/output"
	"glint/edge/token"
	"glint/ingest"
	"glint/ingest/keyring"
)

// change computes a change of the key ring. It returns the new keys,
// which may be its argument, and a note for the operator.
type change func(keys []token.Key) (after []token.Key, note string, err error)

// apply writes the keys that c returns, and prints them.
func apply(ctx context.Context, a *app.App, dryRun bool, c change) error {
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
	} else {
		awaitTaken(ctx, a, keys)
	}
	return writeTable(a.Out, keys, keyring.Notes{})
}

func dryRunFlag(cmd *cobra.Command, dryRun *bool) {
	cmd.Flags().BoolVar(dryRun, "dry-run", false, "print the resulting keys, and change nothing")
}

func newNewCmd(a *app.App) *cobra.Command {
	var dryRun bool
	var dsn string
	cmd := &cobra.Command{
		Use:   "new",
		Short: "Make a new signing key; the previous one then only verifies",
		Long: `Adds a key that signs from now on, with a random id that differs from the ids of the warehouse's keys known to this home.
The previous signing key still verifies. A running glint uses the new key within two seconds. Copy the key file to every
other glint of the same warehouse before you register the next campaign; if the edge has keys, also run glint edge setup
--only keys. No key is made while a key that the warehouse knows is missing.`,
		Example: "  glint keys new",
		Args:    app.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			known, err := knownKeys(cmd.Context(), a, dsn)
			if err != nil {
				return err
			}
			return apply(cmd.Context(), a, dryRun, func(keys []token.Key) ([]token.Key, string, error) { return addKey(a, keys, known) })
		},
	}
	dryRunFlag(cmd, &dryRun)
	app.WarehouseFlag(cmd, &dsn)
	return cmd
}

// knownKeys returns the keys of the warehouse at dsn or, if dsn is empty, of the
// running glint's warehouse; without either, the keys that the last start recorded.
func knownKeys(ctx context.Context, a *app.App, dsn string) ([]keyring.Known, error) {
	notes := a.Home.KeyNotes().Known
	if dsn == "" {
		state, err := a.Home.ReadState()
		if err != nil || state.Starting || state.Warehouse == "" {
			return notes, nil // no glint runs, or its warehouse is unknown here
		}
	}
	w, err := a.OpenWarehouse(ctx, dsn, app.OwnDatabase)
	if err != nil {
		return nil, err
	}
	defer func() { _ = w.Close() }()
	known, err := ingest.KnownKeys(ctx, w)
	return append(known, notes...), err
}

func addKey(a *app.App, keys []token.Key, known []keyring.Known) ([]token.Key, string, error) {
	forgotten := a.Home.KeyNotes().Forgotten
	if missing := keyring.Missing(keys, known, forgotten); len(missing) > 0 {
		return nil, "", keyring.NewMissingError(a.Home.PixelKeysFile(), keys, missing)
	}
	if len(keys) == 0 {
		if err := a.Home.CheckNoKeys(); err != nil {
			return nil, "", err
		}
	}
	id, err := keyring.NewID(slices.Concat(keyring.Of(keys), known, forgotten))
	if err != nil {
		return nil, "", err
	}
	note := ""
	for i := range keys {
		if keys[i].State == token.Signing {
			keys[i].State = token.Verifying
			note = fmt.Sprintf("; key %d only verifies", keys[i].ID)
		}
	}
	return append(keys, home.NewKey(id)), fmt.Sprintf("key %d signs from now on%s", id, note), nil
}

func newForgetCmd(a *app.App) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "forget",
		Short: "Give up keys that are permanently lost",
		Long: `Gives up the keys that the warehouse knows and this home lacks, so that glint loads lines again and can make keys. From
then on, opens of the URLs that those keys signed are bad tokens and in no report. Bad tokens are kept for 7 days; if the
key is restored within that time, they become opens.`,
		Example: "  glint keys forget --yes",
		Args:    app.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			keys, err := a.Home.ReadKeys()
			if err != nil {
				return err
			}
			notes := a.Home.KeyNotes()
			missing := keyring.Missing(keys, notes.Known, notes.Forgotten)
			switch {
			case len(missing) == 0 && len(keys) > 0:
				fmt.Fprintln(a.Err, "no key is missing; nothing was changed")
				return nil
			case !yes:
				return app.UsageTry(fmt.Errorf("opens of all URLs that %s signed will not count", describe(missing)), cmd.CommandPath()+" --yes")
			}
			notes.Forgotten, notes.GaveUp = append(notes.Forgotten, missing...), len(keys) == 0
			if err := a.Home.Make(); err != nil {
				return err
			}
			if err := a.Home.KeepKeyNotes(notes); err != nil {
				return err
			}
			fmt.Fprintf(a.Err, "gave up %s\n", describe(missing))
			return nil
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "confirm that the keys are lost")
	return cmd
}

// describe returns the names of keys for a message.
func describe(keys []keyring.Known) string {
	if len(keys) == 0 {
		return "the lost keys"
	}
	var ids []string
	for _, k := range keys {
		ids = append(ids, strconv.Itoa(int(k.ID)))
	}
	return output.Plural(len(keys), "lost key", "lost keys") + " (id " + strings.Join(ids, ", ") + ")"
}

func newRetireCmd(a *app.App) *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "retire ID",
		Short: "Stop a key from signing; it still verifies",
		Long: "Stops the signing key from signing, without a new key: until glint keys new, no message can be registered. Tokens that\n" +
			"the key has signed stay valid.",
		Example:           "  glint keys retire 1",
		Args:              app.OneArg("key's id"),
		ValidArgsFunction: completeKeys(a),
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
		return "", fmt.Errorf("key %d is revoked; that cannot be undone", k.ID)
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
		Short: "Invalidate a key and every URL that it signed",
		Long: `Revokes a key that verifies, for example a leaked one. This cannot be undone: from then on, opens of all pixel URLs that
the key signed are bad tokens and in no report. A running glint applies it within two seconds. The key stays in the list,
so that its id is not used again.`,
		Example:           "  glint keys revoke 1 --dry-run\n  glint keys revoke 1 --yes",
		Args:              app.OneArg("key's id"),
		ValidArgsFunction: completeKeys(a),
		RunE: func(cmd *cobra.Command, args []string) error {
			return applyTo(cmd, a, args[0], dryRun, func(k *token.Key) (string, error) {
				before := k.State
				note, err := revokeKey(k)
				if err == nil && k.State != before && !yes && !dryRun {
					err = app.UsageTry(fmt.Errorf("revoking key %d cannot be undone", k.ID), cmd.CommandPath()+" "+args[0]+" --yes")
				}
				return note, err
			})
		},
	}
	dryRunFlag(cmd, &dryRun)
	cmd.Flags().BoolVar(&yes, "yes", false, "confirm; this cannot be undone")
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
	return fmt.Sprintf("key %d is revoked: opens of the URLs that it signed no longer count", k.ID), nil
}

// applyTo applies a change to the key with that id.
func applyTo(cmd *cobra.Command, a *app.App, id string, dryRun bool, one func(*token.Key) (string, error)) error {
	n, err := strconv.ParseUint(id, 10, 8)
	if err != nil {
		return app.UsageOf(cmd, fmt.Errorf("%q is no key id: want a number from 0 to 255", id))
	}
	return apply(cmd.Context(), a, dryRun, func(keys []token.Key) ([]token.Key, string, error) {
		i := slices.IndexFunc(keys, func(k token.Key) bool { return k.ID == uint8(n) })
		if i < 0 {
			return nil, "", app.Try(fmt.Errorf("there is no key %d", n), "glint keys list")
		}
		note, err := one(&keys[i])
		return keys, note, err
	})
}
