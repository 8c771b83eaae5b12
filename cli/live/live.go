// Package live is `glint live`: the live page in a terminal.
package live

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/cli/internal/web"
)

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command {
	var once bool
	cmd := &cobra.Command{
		Use:   "live",
		Short: "Show opens, page views and events as they arrive, in the terminal",
		Long: `Shows the live page of glint web in the terminal, and repaints it within 2 seconds of a change, until Ctrl-C: opens, page
views and events per minute for the last hour and per hour for the last 7 days, machines separately; the top pages and
referrers of the last 7 days; and the latest opens, views and events, without recipients. It shows nothing older than 7 days.
Times are UTC. It needs the pages of the running glint (--web-listen), and changes nothing.

--once prints the page once and exits; so does the command if its output is no terminal.`,
		Example: "  glint live\n  glint live --once",
		Args:    app.NoArgs,
	}
	cmd.Flags().BoolVar(&once, "once", false, "print the page once, and exit")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if once || !output.IsTerminal(a.Out) || a.Getenv("TERM") == "dumb" {
			return printOnce(cmd.Context(), a)
		}
		return paintEach(cmd.Context(), a)
	}
	return cmd
}

// errEnough ends a stream that has been read far enough.
var errEnough = errors.New("live: read enough")

func printOnce(ctx context.Context, a *app.App) error {
	err := follow(ctx, a, func(text string) error {
		if _, err := io.WriteString(a.Out, text); err != nil {
			return err
		}
		return errEnough
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// paintEach paints the page until ctx ends. When the size of the terminal changes, it requests
// text that fits.
func paintEach(ctx context.Context, a *app.App) error {
	for {
		width, _ := size(a)
		err := follow(ctx, a, func(text string) error {
			now, height := size(a)
			if now != width {
				return errEnough
			}
			_, err := io.WriteString(a.Out, picture(text, height))
			return err
		})
		if !errors.Is(err, errEnough) {
			return err
		}
	}
}

func follow(ctx context.Context, a *app.App, show func(string) error) error {
	address, key, err := a.Pages()
	if err != nil {
		return err
	}
	err = web.Follow(ctx, address, key, output.StyleOf(a.Out, a.Getenv), show)
	if errors.Is(err, web.ErrEnded) {
		return app.Try(err, "glint status, and glint live once glint runs again")
	}
	return err
}

// size returns the terminal's columns and lines, 0 if they are unknown.
func size(a *app.App) (width, height int) {
	if file, ok := a.Out.(*os.File); ok {
		width, height, _ = term.GetSize(int(file.Fd())) // 0 then
	}
	return width, height
}

// Control sequences that overwrite the screen line by line, so that nothing flickers.
const (
	home      = "\x1b[H"
	clearLine = "\x1b[K"
	clearRest = "\x1b[J"
)

// picture returns the output that paints the first lines of text on a terminal of that height;
// 0: all lines.
func picture(text string, height int) string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if height > 1 && len(lines) > height-1 {
		lines = lines[:height-1]
	}
	return home + strings.Join(lines, clearLine+"\n") + clearLine + "\n" + clearRest
}
