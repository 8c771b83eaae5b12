// Package keys is `glint keys`: the keys that sign pixel tokens.
//
// A key's state only moves forward: it signs, then only verifies, and finally
// is revoked. An id is never used twice. No command prints a secret.
package keys

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/edge/token"
	"glint/ingest/keyring"
)

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command {
	return app.Group(&cobra.Command{
		Use:   "keys",
		Short: "List and change the keys that sign pixel URLs",
		Long: `Lists and changes the key ring in $GLINT_HOME/keys/pixel.keys. One key signs. The others verify the URLs that they signed
earlier: keep them for years, since people open old mail. A revoked key verifies nothing; opens of its URLs are bad tokens.
A running glint applies a change within two seconds. It refuses a ring with which it would not start, reports that in its
log and in glint status, and keeps the previous keys.`,
		Example: "  glint keys list\n  glint keys new",
	}, newListCmd(a), newNewCmd(a), newRetireCmd(a), newRevokeCmd(a), newForgetCmd(a))
}

func newListCmd(a *app.App) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the keys: id, state and fingerprint",
		Long: `Lists the keys of the ring and, as missing, the keys that the warehouse knew at the last start and the ring lacks. A
fingerprint distinguishes two secrets and reveals nothing else about them. It changes nothing.`,
		Example: "  glint keys list",
		Args:    app.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			keys, err := a.Home.ReadKeys()
			if err != nil {
				return err
			}
			if len(keys) == 0 {
				fmt.Fprintln(a.Err, "there are no keys; glint up and glint serve make the first one, unless there were some")
			}
			return writeTable(a.Out, keys, a.Home.KeyNotes())
		},
	}
}

// writeTable writes the keys of the ring, and the further keys in the notes.
func writeTable(w io.Writer, keys []token.Key, notes keyring.Notes) error {
	t := output.NewTable("ID", "STATE", "FINGERPRINT").AlignRight(0)
	for i := range keys {
		t.Row(strconv.Itoa(int(keys[i].ID)), keys[i].State.String(), keyring.Fingerprint(&keys[i]))
	}
	for _, k := range keyring.Missing(keys, notes.Known, notes.Forgotten) {
		t.Row(strconv.Itoa(int(k.ID)), "missing", k.Fingerprint)
	}
	for _, k := range keyring.Missing(keys, notes.Forgotten, nil) {
		t.Row(strconv.Itoa(int(k.ID)), "forgotten", k.Fingerprint)
	}
	return t.Write(w)
}

// completeKeys completes the ids of keys that are not revoked, for shells.
func completeKeys(a *app.App) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, begun string) (ids []string, _ cobra.ShellCompDirective) {
		keys, err := a.Home.ReadKeys()
		if err != nil || len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		for _, k := range keys {
			if id := strconv.Itoa(int(k.ID)); k.State != token.Revoked && strings.HasPrefix(id, begun) {
				ids = append(ids, cobra.CompletionWithDesc(id, k.State.String()))
			}
		}
		return ids, cobra.ShellCompDirectiveNoFileComp
	}
}
