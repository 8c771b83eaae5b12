package consent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/ingest/consent"
	"glint/ingest/sends"
	"glint/ingest/sheet"
	"glint/ingest/warehouse"
)

// maxShownFaults is the maximum number of faulty rows that an error names.
const maxShownFaults = 20

func newImportCmd(a *app.App) *cobra.Command {
	var dsn, encoding string
	var text textFlags
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "import FILE|-",
		Short: "Record choices from a table",
		Long: "Reads a table with a header row that has the columns recipient, choice and at (RFC 3339); purpose, method, text_hash and\n" +
			"text_version are optional and default to the flags. The whole file is checked first: a faulty file records nothing.\n" +
			"An older choice never overrides a newer one, so a file can be imported late or repeatedly.",
		Example: "  glint consent import choices.csv --method form",
		Args:    app.OneArg("table of choices; - is stdin"),
	}
	f := cmd.Flags()
	f.StringVar(&encoding, "encoding", "", "encoding of the file, like UTF-8, UTF-16LE or Windows-1251 (default: detected)")
	f.BoolVar(&dryRun, "dry-run", false, "check the file, record nothing")
	text.add(cmd, "import")
	app.WarehouseFlag(cmd, &dsn)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		base, err := text.change()
		if err != nil {
			return err
		}
		rows, err := readChoices(cmd.Context(), a, args[0], encoding, base)
		if err != nil {
			return err
		}
		if dryRun {
			fmt.Fprintf(a.Err, "%s could be recorded; nothing was changed (--dry-run)\n", output.Plural(len(rows), "choice", "choices"))
			return nil
		}
		s, err := open(cmd.Context(), a, dsn)
		if err != nil {
			return err
		}
		defer s.close()
		changes := make([]consent.Change, len(rows))
		for i := range rows {
			changes[i] = rows[i].change
			changes[i].Recipient = s.hasher.Key(rows[i].recipient)
		}
		return s.record(cmd.Context(), a, changes)
	}
	return cmd
}

// choiceRow is a row of the table; its recipient is normalized.
type choiceRow struct {
	recipient string
	change    consent.Change
}

func readChoices(ctx context.Context, a *app.App, path, encoding string, base consent.Change) (rows []choiceRow, err error) {
	in := app.Interruptible(ctx, a.In)
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("open choices: %w", err)
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	isHeader := func(cells []string) bool {
		_, err := choiceColumns(cells)
		return err == nil
	}
	table, err := sheet.Open(in, sheet.Options{Encoding: encoding, IsHeader: isHeader})
	if err != nil {
		return nil, fmt.Errorf("read choices: %w", err)
	}
	defer func() { err = errors.Join(err, table.Close()) }()
	columns, err := choiceColumns(table.Header)
	if err != nil {
		return nil, err
	}
	var faults []string
	now, count := time.Now(), 0
	for {
		row, err := table.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		fault, faulty := errors.AsType[*sheet.RowError](err)
		switch {
		case faulty:
			err = errors.New(fault.Reason)
			row.Line = fault.Line
		case err != nil:
			return nil, fmt.Errorf("read choices: %w", err)
		default:
			var r choiceRow
			if r, err = columns.row(row.Cells, base, now); err == nil {
				rows = append(rows, r)
			}
		}
		if err != nil {
			count++
			if len(faults) < maxShownFaults {
				faults = append(faults, fmt.Sprintf("  line %d: %v", row.Line, err))
			}
		}
	}
	if count > 0 {
		return nil, fmt.Errorf("%s; nothing was recorded\n%s", output.Plural(count, "row is faulty", "rows are faulty"), strings.Join(faults, "\n"))
	}
	if len(rows) == 0 {
		return nil, errors.New("the file has a header and no choices")
	}
	return rows, nil
}

// columns maps the names of the columns to their indexes; -1 means missing.
type columns map[string]int

func choiceColumns(header []string) (columns, error) {
	c := columns{}
	for _, name := range []string{"recipient", "choice", "at", "purpose", "method", "text_hash", "text_version"} {
		c[name] = slices.IndexFunc(header, func(cell string) bool { return strings.EqualFold(strings.TrimSpace(cell), name) })
	}
	for _, name := range []string{"recipient", "choice", "at"} {
		if c[name] < 0 {
			return nil, app.Try(fmt.Errorf("the header row has no column %s", name), "a header row like recipient,choice,at, and choices that are one of "+warehouse.Choices)
		}
	}
	return c, nil
}

func (c columns) cell(cells []string, name string) string {
	if c[name] < 0 {
		return ""
	}
	return strings.TrimSpace(cells[c[name]])
}

func (c columns) row(cells []string, base consent.Change, now time.Time) (r choiceRow, err error) {
	r.change = base
	if r.recipient, err = sends.Normalize(c.cell(cells, "recipient")); err != nil {
		return r, err
	}
	if r.change.Choice, err = warehouse.ParseChoice(strings.ToLower(c.cell(cells, "choice"))); err != nil {
		return r, errors.New("unknown choice; want one of " + warehouse.Choices)
	}
	at, err := sends.ParseTime(c.cell(cells, "at"), nil)
	switch {
	case errors.Is(err, sends.ErrNoZone):
		return r, errors.New("at has no zone; write 2026-11-21T09:30:00+01:00")
	case err != nil:
		return r, errors.New(sends.TimeFault("at", err))
	}
	r.change.DecidedAt = at.Time
	for name, value := range map[string]*string{
		"purpose": &r.change.Purpose, "method": &r.change.Method, "text_hash": &r.change.TextHash, "text_version": &r.change.TextVersion,
	} {
		if cell := c.cell(cells, name); cell != "" {
			*value = cell
		}
	}
	return r, r.change.Check(now)
}
