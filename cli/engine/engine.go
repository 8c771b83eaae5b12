// Package engine is `glint engine`: the ClickHouse engine of the embedded
// warehouse.
package engine

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/toolchain"
)

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command {
	return app.Group(&cobra.Command{
		Use:   "engine",
		Short: "Install the embedded warehouse's engine",
		Long: "`glint up` stores opens in ClickHouse's engine, a library that it runs in a child process. The engine is not part of\n" +
			"this program and must be installed once.",
		Example: "  glint engine install",
	}, newInstallCmd(a))
}

func newInstallCmd(a *app.App) *cobra.Command {
	return &cobra.Command{
		Use:   "install",
		Short: "Fetch the ClickHouse engine into the cache",
		Long: "Fetches the ClickHouse engine (libchdb, about 180 MB) with npm, checks it and stores it in the user's cache folder, or\n" +
			"in $GLINT_CACHE. Does nothing if it is installed. Prints the engine's path.",
		Example: "  glint engine install",
		Args:    app.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runInstall(cmd.Context(), a)
		},
	}
}

func runInstall(ctx context.Context, a *app.App) error {
	path, err := toolchain.Install(ctx, "engine", a.Err)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(a.Out, path)
	return err
}
