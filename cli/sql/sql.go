// Package sql is `glint sql`: it runs SQL statements on the warehouse's views.
package sql

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/cli/internal/rows"
	"glint/ingest/warehouse"
)

type options struct {
	app     *app.App
	command string
	format  string
	dsn     string
	user    string
}

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command {
	o := &options{app: a}
	cmd := &cobra.Command{
		Use:   "sql",
		Short: "Query the warehouse in SQL",
		Long: `Sends the statements of --command, or else of the standard input, to the warehouse and prints their answers; a semicolon
ends a statement. On a terminal it is a shell with history and completion: \d lists the views, \d VIEW its columns, \q quits.

It signs in as the read-only user, who sees campaigns and totals, or as a user of glint user add: an analyst also sees
messages and events, an owner also recipients. Nothing can be written. In JSON, ids are strings, since most JSON parsers
round large numbers.
In CSV, a cell that a spreadsheet would run as a formula gets a leading apostrophe.`,
		Example: "  glint sql\n" +
			"  glint sql -c 'SELECT campaign, reliable_unique_opens FROM campaign_report'\n" +
			"  glint sql -c 'SELECT * FROM unique_opens' --format parquet >unique_opens.parquet\n" +
			"  echo 'SHOW TABLES' | glint sql --format csv",
		Args: app.NoArgs,
	}
	cmd.Flags().StringVarP(&o.command, "command", "c", "", "statements to run")
	format := app.ChoiceFlag(cmd, "format", "output format", "table", "csv", "json", "jsonl", "parquet")
	app.UserFlag(cmd, &o.user)
	app.WarehouseFlag(cmd, &o.dsn)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		o.format = format.String()
		return run(cmd.Context(), o, cmd.Flags().Changed("command"))
	}
	return cmd
}

func run(ctx context.Context, o *options, commanded bool) error {
	if o.format == "parquet" && output.IsTerminal(o.app.Out) {
		return app.Usage(errors.New("parquet is not for terminals: redirect the output to a file"))
	}
	w, err := o.app.OpenWarehouseAs(ctx, o.dsn, o.user, app.ReadViews)
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	if !commanded {
		if in, ok := o.app.In.(*os.File); ok && term.IsTerminal(int(in.Fd())) {
			return newShell(o, w, in).run(ctx)
		}
		text, err := io.ReadAll(app.Interruptible(ctx, o.app.In))
		if err != nil {
			return fmt.Errorf("read statements: %w", err)
		}
		o.command = string(text)
	}
	return o.send(ctx, w, o.command)
}

// send sends each statement of a text and prints its answer; it stops at the first error.
func (o *options) send(ctx context.Context, w *warehouse.Warehouse, text string) error {
	statements, rest := statementsOf(text)
	if strings.TrimSpace(rest) != "" {
		statements = append(statements, rest)
	}
	switch {
	case len(statements) == 0:
		return app.Usage(errors.New("there is no statement"))
	case len(statements) > 1 && o.format == "parquet":
		return app.Usage(errors.New("parquet holds the answer of one statement"))
	}
	if o.format != "json" || len(statements) == 1 {
		return o.print(ctx, w, statements, o.app.Out)
	}
	held, err := newHeld()
	if err != nil {
		return err
	}
	defer func() { _ = held.Close() }() // the file has no name, so closing deletes it
	if err := o.print(ctx, w, statements, held); err != nil {
		return err
	}
	return release(held, o.app.Out)
}

func (o *options) print(ctx context.Context, w *warehouse.Warehouse, statements []string, out io.Writer) error {
	for _, statement := range statements {
		if err := rows.Print(ctx, w, statement, o.format, nil, out); err != nil {
			return err
		}
	}
	return nil
}

// newHeld returns a file without a name. It buffers the documents of several statements
// until the last one has succeeded, so that partial output does not pass for the whole answer.
func newHeld() (*os.File, error) {
	f, err := os.CreateTemp("", "glint-sql-")
	if err != nil {
		return nil, fmt.Errorf("hold answers: %w", err)
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(fmt.Errorf("hold answers: %w", err), f.Close())
	}
	return f, nil
}

func release(held *os.File, out io.Writer) error {
	if _, err := held.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("print held answers: %w", err)
	}
	_, err := io.Copy(out, held)
	return err
}

// statementsOf splits a text at semicolons outside of strings, quoted names and comments.
// It returns the statements, and the rest after the last semicolon. It omits statements
// without a word.
func statementsOf(text string) (statements []string, rest string) {
	begin, words := 0, false
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '\'' || c == '"' || c == '`':
			i = endOfQuote(text, i)
			words = true
		case strings.HasPrefix(text[i:], "--"):
			i = after(text, i, "\n")
		case strings.HasPrefix(text[i:], "/*"):
			i = after(text, i+2, "*/")
		case c == ';':
			if words {
				statements = append(statements, text[begin:i])
			}
			i++
			begin, words = i, false
		default:
			words = words || c > ' '
			i++
		}
	}
	if !words {
		return statements, ""
	}
	return statements, text[begin:]
}

// endOfQuote returns the index after the quoted text that begins at i. A backslash escapes
// the next character, and a doubled quote is part of the text.
func endOfQuote(text string, i int) int {
	quote := text[i]
	for i++; i < len(text); i++ {
		switch {
		case text[i] == '\\':
			i++
		case text[i] == quote && i+1 < len(text) && text[i+1] == quote:
			i++
		case text[i] == quote:
			return i + 1
		}
	}
	return len(text)
}

// after returns the index after the next mark from i on, or the length of the text.
func after(text string, i int, mark string) int {
	if at := strings.Index(text[i:], mark); at >= 0 {
		return i + at + len(mark)
	}
	return len(text)
}
