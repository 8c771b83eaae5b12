package consent

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/ingest/consent"
	"glint/ingest/host/atomicfile"
	"glint/ingest/warehouse"
)

func newExportCmd(a *app.App) *cobra.Command {
	var dsn, recipient, path string
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write the ledger of choices as JSON lines with their hashes",
		Long: "Writes all rows of the ledger, or the rows of one recipient, with their hashes; the last line has the hash of the file.\n" +
			"glint consent verify FILE detects any change to it. Recipients appear as keyed hashes. It changes nothing.",
		Example: "  glint consent export --output ledger.jsonl\n  glint consent export --recipient ann@example.com",
		Args:    app.NoArgs,
	}
	f := cmd.Flags()
	f.StringVar(&path, "output", "-", "file to write; - is stdout")
	f.StringVar(&recipient, "recipient", "", "only this recipient")
	app.WarehouseFlag(cmd, &dsn)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		s, err := open(cmd.Context(), a, dsn)
		if err != nil {
			return err
		}
		defer s.close()
		key, err := s.key(recipient)
		if err != nil {
			return err
		}
		write := func(w io.Writer) (int, error) {
			buffered := bufio.NewWriter(w)
			file, err := consent.NewFileWriter(buffered, key != nil)
			if err != nil {
				return 0, err
			}
			if err := s.EachConsent(cmd.Context(), key, file.Row); err != nil {
				return 0, err
			}
			n, err := file.Close()
			return n, errors.Join(err, buffered.Flush())
		}
		if path == "-" {
			_, err := write(a.Out)
			return err
		}
		to, err := atomicfile.Create(path)
		if err != nil {
			return fmt.Errorf("write the ledger: %w", err)
		}
		defer func() { _ = to.Close() }() // does nothing after Commit
		n, err := write(to)
		if err == nil {
			err = to.Commit()
		}
		if err != nil {
			return fmt.Errorf("write the ledger: %w", err)
		}
		fmt.Fprintf(a.Err, "wrote %s of the ledger\n", output.Plural(n, "row", "rows"))
		return nil
	}
	return cmd
}

func newVerifyCmd(a *app.App) *cobra.Command {
	var dsn string
	cmd := &cobra.Command{
		Use:   "verify [FILE|-]",
		Short: "Check that the ledger of choices was not changed; exit code 3 if it was",
		Long: "Checks every row's hash and its link to the row before it, in the warehouse, or all bytes of a file that glint consent\n" +
			"export wrote. For the rows that this home wrote, it also checks their number. It changes nothing.",
		Example: "  glint consent verify\n  glint consent verify ledger.jsonl",
		Args:    app.AtMostOneArg("exported ledger"),
	}
	app.WarehouseFlag(cmd, &dsn)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var n int
		var err error
		if len(args) == 1 {
			n, err = verifyFile(cmd, a, args[0])
		} else {
			n, err = verifyTable(cmd, a, dsn)
		}
		if errors.Is(err, consent.ErrDamaged) {
			return app.Problem(err, "compare it with an earlier export, and find out who may write to it")
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(a.Err, "%s of the ledger, as they were written\n", output.Plural(n, "row", "rows"))
		return nil
	}
	return cmd
}

func verifyFile(cmd *cobra.Command, a *app.App, path string) (int, error) {
	if path == "-" {
		return consent.VerifyFile(app.Interruptible(cmd.Context(), a.In))
	}
	f, err := os.Open(path)
	if err != nil {
		return 0, fmt.Errorf("open ledger: %w", err)
	}
	defer func() { _ = f.Close() }()
	return consent.VerifyFile(f)
}

func verifyTable(cmd *cobra.Command, a *app.App, dsn string) (int, error) {
	head, err := a.Home.ConsentHead()
	if err != nil {
		return 0, err
	}
	w, err := a.OpenWarehouse(cmd.Context(), dsn, app.OwnDatabase)
	if err != nil {
		return 0, err
	}
	defer func() { _ = w.Close() }()
	var v consent.Verifier
	err = w.EachConsent(cmd.Context(), nil, func(c *warehouse.Consent) error {
		v.Add(c)
		return nil
	})
	if err != nil {
		return v.Rows, err
	}
	v.Expect(head)
	return v.Rows, v.Err()
}
