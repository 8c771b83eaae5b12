// Package person is `glint person`: what is held of a person, as a list, as a file to
// hand over, and no more.
package person

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/ingest/objects"
	"glint/ingest/sends"
	"glint/ingest/sheet"
)

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command {
	return app.Group(&cobra.Command{
		Use:   "person",
		Short: "Show, export or erase what is held of a person",
		Long: "Finds what is held of an address in every table, the log, the archive, the receipts and the dead letters: a person's\n" +
			"rights of access, portability and erasure (GDPR articles 15, 20 and 17). An address is read as glint send register\n" +
			"reads it, so case, blanks and the spelling of its domain do not matter.",
		Example: "  glint person show ann@example.com\n  glint person export ann@example.com --output ann.json\n  glint person erase ann@example.com --yes",
	}, newShowCmd(a), newExportCmd(a), newEraseCmd(a))
}

// archiveFlags say where the archive is; without them it is where the running glint
// has it.
type archiveFlags struct{ place, endpoint, region string }

func (f *archiveFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.place, "archive", "", "folder, or s3://BUCKET/PREFIX, of the archive; none: there is none any more (default: that of the running glint)")
	cmd.Flags().StringVar(&f.endpoint, "archive-endpoint", "", "URL of the archive's bucket, where it is not Amazon's; the key comes from the AWS_… variables")
	cmd.Flags().StringVar(&f.region, "archive-region", "", "region of the archive's bucket")
}

// noArchive is the value of --archive for no archive.
const noArchive = "none"

// open returns the archive, or nil if there is none.
func (f *archiveFlags) open(a *app.App) (objects.Store, error) {
	if f.place == noArchive {
		return nil, nil
	}
	t := objects.Target{Place: f.place, Endpoint: f.endpoint, Region: f.region, Getenv: a.Getenv}
	if t.Place == "" {
		state, err := a.Home.ReadState()
		if err != nil || state.Archive == nil {
			return nil, nil //nolint:nilerr // none runs, so none says
		}
		t.Place, t.Endpoint, t.Region = state.Archive.Place, state.Archive.Endpoint, state.Archive.Region
	}
	return t.Open()
}

// normalized returns the addresses as they are registered, each once.
func normalized(cmd *cobra.Command, addresses []string) ([]string, error) {
	var all []string
	seen := map[string]bool{}
	for i, address := range addresses {
		normal, err := sends.Normalize(address)
		if err != nil {
			return nil, app.UsageOf(cmd, fmt.Errorf("address %d: %w", i+1, err))
		}
		if !seen[normal] {
			seen[normal] = true
			all = append(all, normal)
		}
	}
	if len(all) == 0 {
		return nil, app.UsageOf(cmd, errors.New("an address is missing"))
	}
	return all, nil
}

// readAddresses returns the column recipient of a table.
func readAddresses(ctx context.Context, a *app.App, path string) (addresses []string, err error) {
	in := app.Interruptible(ctx, a.In)
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("open addresses: %w", err)
		}
		defer func() { _ = f.Close() }() // only read
		in = f
	}
	table, err := sheet.Open(in, sheet.Options{})
	if err != nil {
		return nil, fmt.Errorf("read addresses: %w", err)
	}
	defer func() { err = errors.Join(err, table.Close()) }()
	at := slices.IndexFunc(table.Header, func(cell string) bool { return strings.EqualFold(strings.TrimSpace(cell), "recipient") })
	if at < 0 {
		return nil, errors.New("the header row of the file has no column recipient")
	}
	for {
		row, err := table.Next()
		if errors.Is(err, io.EOF) {
			return addresses, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read addresses: %w", err)
		}
		addresses = append(addresses, row.Cells[at])
	}
}

// field returns a text of a row, which is an object of JSON.
func field(row json.RawMessage, name string) string {
	var fields map[string]any
	if json.Unmarshal(row, &fields) != nil {
		return ""
	}
	text, _ := fields[name].(string)
	return text
}
