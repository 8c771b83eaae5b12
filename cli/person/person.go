// Package person is `glint person`: it shows, exports and erases all data of a
// person.
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
		Short: "Show, export or erase all data of a person",
		Long: "Finds all data of an address in every table, the log, the archive, the receipts and the dead letters, for a person's\n" +
			"rights of access, portability and erasure (GDPR articles 15, 20 and 17). The address is normalized as by glint send\n" +
			"register, so case, blanks and the spelling of its domain do not matter.",
		Example: "  glint person show ann@example.com\n  glint person export ann@example.com --output ann.json\n  glint person erase ann@example.com --yes",
	}, newShowCmd(a), newExportCmd(a), newEraseCmd(a))
}

// archiveFlags name the archive; the default is the running glint's
// archive.
type archiveFlags struct{ place, endpoint, region string }

func (f *archiveFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.place, "archive", "", "folder or s3://BUCKET/PREFIX of the archive; none: it no longer exists (default: the running glint's)")
	cmd.Flags().StringVar(&f.endpoint, "archive-endpoint", "", "URL of the archive's bucket, if it is not Amazon's; the key comes from the AWS_… variables")
	cmd.Flags().StringVar(&f.region, "archive-region", "", "region of the archive's bucket")
}

// noArchive is the value of --archive that means no archive.
const noArchive = "none"

// open returns the archive, or nil without one.
func (f *archiveFlags) open(a *app.App) (objects.Store, error) {
	if f.place == noArchive {
		return nil, nil
	}
	t := objects.Target{Place: f.place, Endpoint: f.endpoint, Region: f.region, Getenv: a.Getenv}
	if t.Place == "" {
		state, err := a.Home.ReadState()
		if err != nil || state.Archive == nil {
			return nil, nil //nolint:nilerr // no glint runs, so no archive is known
		}
		t.Place, t.Endpoint, t.Region = state.Archive.Place, state.Archive.Endpoint, state.Archive.Region
	}
	return t.Open()
}

// normalized returns the addresses in their registered form, without duplicates.
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

// field returns a text field of a row, which is a JSON object.
func field(row json.RawMessage, name string) string {
	var fields map[string]any
	if json.Unmarshal(row, &fields) != nil {
		return ""
	}
	text, _ := fields[name].(string)
	return text
}
