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
		Long: "`glint up` stores opens in ClickHouse's engine, a library which it starts as a child process. It is not part of this\n" +
			"program and has to be installed once.",
		Example: "  glint engine install",
	}, newInstallCmd(a))
}

func newInstallCmd(a *app.App) *cobra.Command {
	return &cobra.Command{
		Use:   "install",
		Short: "Fetch the ClickHouse engine into the cache",
		Long: "Fetches the ClickHouse engine (libchdb, about 180 MB) with npm, checks it and keeps it in the user's cache\n" +
			"folder, or in $GLINT_CACHE. Does nothing if it is there. Prints the engine's path.",
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
