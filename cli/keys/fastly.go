package keys

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
)

func newFastlyCmd(a *app.App) *cobra.Command {
	return &cobra.Command{
		Use:   "fastly",
		Short: "Print the commands that give the edge its keys",
		Long: `Prints commands of the Fastly CLI that put the key ring into the secret store "glint" as the secret "pixel_keys". The
ring goes from its file: no secret is printed, or seen in a process list. It changes nothing by itself.

The edge needs no keys: without them it leaves checking to ingest. With them its log says which tokens are bad.`,
		Example: "  glint keys fastly",
		Args:    app.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			keys, err := a.Home.ReadKeys()
			if err != nil {
				return err
			}
			if len(keys) == 0 {
				return app.Try(errors.New("there are no keys yet"), "glint keys new")
			}
			_, err = fmt.Fprintf(a.Out, fastlyCommands, shellQuote(a.Home.PixelKeysFile()))
			return err
		},
	}
}

// fastlyCommands work with the Fastly CLI 16.1, in a POSIX shell, for the
// service that fastly.toml or $FASTLY_SERVICE_ID names.
const fastlyCommands = `# Once: make the store, and set STORE_ID to the id that this prints.
fastly secret-store create --name=glint
STORE_ID=

# Now and after each change of the keys. The edge has them within seconds, without a new version of the service.
fastly secret-store-entry create --store-id="$STORE_ID" --name=pixel_keys --recreate-allow --file=%s

# Once: let the service read the store.
fastly resource-link create --resource-id="$STORE_ID" --version=latest --autoclone
fastly service version activate --version=latest
`

// shellQuote quotes s for a POSIX shell.
func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
