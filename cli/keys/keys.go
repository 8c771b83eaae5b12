// Package keys is `glint keys`: the keys that sign pixel tokens.
//
// A key moves forward only: it signs, then verifies what it has signed, and at
// last is revoked. An id is never used twice. No command prints a secret.
package keys

import (
	"crypto/sha256"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"glint/cli/app"
	"glint/cli/output"
	"glint/edge/token"
)

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command {
	return app.Group(&cobra.Command{
		Use:   "keys",
		Short: "The keys that sign pixel URLs",
		Long: `Lists and changes the key ring in $GLINT_HOME/keys/pixel.keys. One key signs. Others verify what they have signed
before: for years, since people open old mail. A revoked key verifies nothing; opens of its URLs are bad tokens.`,
		Example: "  glint keys list\n  glint keys new",
	}, newListCmd(a), newNewCmd(a), newRetireCmd(a), newRevokeCmd(a), newFastlyCmd(a))
}

func newListCmd(a *app.App) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the keys: id, state and fingerprint",
		Long: "Lists the keys of the ring. The fingerprint tells two secrets apart and says nothing else about them. It changes\n" +
			"nothing.",
		Example: "  glint keys list",
		Args:    app.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			keys, err := a.Home.ReadKeys()
			if err != nil {
				return err
			}
			if len(keys) == 0 {
				fmt.Fprintln(a.Err, "there are no keys yet; the first is made when it is needed")
			}
			return writeTable(a.Out, keys)
		},
	}
}

func writeTable(w io.Writer, keys []token.Key) error {
	t := output.NewTable("ID", "STATE", "FINGERPRINT").AlignRight(0)
	for i := range keys {
		t.Row(strconv.Itoa(int(keys[i].ID)), keys[i].State.String(), fingerprint(&keys[i]))
	}
	return t.Write(w)
}

// fingerprint is the beginning of the secret's SHA-256. The secret is 32 random
// bytes, so nobody finds it by trying.
func fingerprint(k *token.Key) string {
	sum := sha256.Sum256(k.Secret[:])
	return fmt.Sprintf("%x", sum[:8])
}
