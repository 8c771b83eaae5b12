package audit

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strconv"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/edge/privacy"
	"glint/edge/token"
	"glint/ingest/archive"
	"glint/ingest/batch"
	"glint/ingest/repair"
	"glint/ingest/warehouse"
)

// Repaired counts the events that were inserted again into one warehouse.
type Repaired struct {
	Warehouse string `json:"warehouse"` // host:port
	*repair.Result
}

// repair inserts again the events that the warehouse and each mirror lack. It returns nil without --repair.
func (o *Options) repair(ctx context.Context, w *warehouse.Warehouse, files []archive.File, progress func(string, int) func(int)) ([]Repaired, error) {
	if !o.Repair {
		return nil, nil
	}
	loader, err := o.loader(ctx, w)
	if err != nil {
		return nil, err
	}
	read := repair.OwnLists(loader, slog.New(slog.DiscardHandler))
	options := repair.Options{
		LogDir: o.App.Home.LogDir(), Since: o.Since, Until: o.Until, Archive: files, Progress: progress,
		Fresh: func(ctx context.Context) error { return read(ctx, w) },
	}
	done, err := repair.Servers(ctx, w, loader, options)
	if err != nil {
		return nil, hinted(err)
	}
	all := []Repaired{{"warehouse", done}}
	for _, dsn := range o.Mirrors {
		other, err := o.App.OpenWarehouse(ctx, dsn, app.OwnDatabase)
		if err != nil {
			return nil, fmt.Errorf("mirror: %w", err)
		}
		name, err := warehouse.Place(dsn)
		if err == nil {
			done, err = repair.Servers(ctx, other, loader, options)
		}
		_ = other.Close()
		if err != nil {
			return nil, hinted(fmt.Errorf("mirror: %w", err))
		}
		all = append(all, Repaired{name, done})
	}
	return all, nil
}

// loader returns a loader that judges lines as the running glint does.
func (o *Options) loader(ctx context.Context, w *warehouse.Warehouse) (*batch.Loader, error) {
	ring, err := o.ring()
	if err != nil {
		return nil, err
	}
	if err := o.App.CheckKeys(ctx, w, ring); err != nil {
		return nil, err
	}
	ignored, err := o.App.Home.ReadIgnored()
	if err != nil {
		return nil, err
	}
	text := o.Signals
	if state, err := o.App.Home.ReadState(); text == "" && err == nil && state.Settings != nil {
		text = state.Settings.PrivacySignals
	}
	signals, err := privacy.ParseSignals(text)
	if err != nil {
		return nil, app.Usage(fmt.Errorf("--privacy-signals: %w", err))
	}
	return &batch.Loader{Ring: func() *token.Ring { return ring }, Ignore: ignored.Match, Signals: signals}, nil
}

// writeRepaired prints the repaired events, and those that could not be repaired.
func (o *Options) writeRepaired(w io.Writer, all []Repaired) {
	for _, r := range all {
		name := r.Warehouse
		if name != "warehouse" {
			name = "mirror " + name
		}
		if r.Lost() == 0 {
			fmt.Fprintf(w, "nothing was missing in the %s\n", output.Safe(name))
		}
		for i := range r.Rows {
			row := &r.Rows[i]
			of := fmt.Sprintf("of source %s, received in the hour %s, in the %s", strconv.Quote(row.Source), row.Hour.UTC().Format("2006-01-02 15:04 UTC"), name)
			if n := row.FromLog + row.FromArchive; n > 0 {
				fmt.Fprintln(w, output.Safe(fmt.Sprintf("repaired: %s %s: %s from the log, %s from the archive",
					output.Plural(int(n), "event", "events"), of, output.Count(row.FromLog), output.Count(row.FromArchive))))
			}
			if row.Left > 0 {
				where := "neither in the log nor in the archive"
				if len(o.Archive) == 0 {
					where = "not in the log"
				}
				fmt.Fprintln(w, output.Safe(fmt.Sprintf("not repaired: %s %s: their lines are %s, or no key verifies them",
					output.Plural(int(row.Left), "event", "events"), of, where)))
			}
		}
	}
}
