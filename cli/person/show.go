package person

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/ingest/host/atomicfile"
)

func newShowCmd(a *app.App) *cobra.Command {
	var dsn string
	var archive archiveFlags
	cmd := &cobra.Command{
		Use:   "show ADDRESS",
		Short: "Show which data of a person is stored, and where",
		Long: "Prints the amount of data of the address in each place, and the messages that were sent to it. It changes nothing, and\n" +
			"needs the warehouse's own user. The output is personal data.",
		Example: "  glint person show ann@example.com\n  glint person show ann@example.com --format json",
		Args:    app.OneArg("address"),
	}
	format := app.ChoiceFlag(cmd, "format", "output format", "table", "json")
	archive.add(cmd)
	app.WarehouseFlag(cmd, &dsn)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		h, err := search(cmd, a, args, dsn, &archive)
		if err != nil {
			return err
		}
		if format.String() == "json" {
			return writeJSON(a.Out, h.summary())
		}
		return h.print(a.Out)
	}
	return cmd
}

// search returns all data of the address in args.
func search(cmd *cobra.Command, a *app.App, args []string, dsn string, archive *archiveFlags) (*held, error) {
	recipients, err := normalized(cmd, args)
	if err != nil {
		return nil, err
	}
	store, err := archive.open(a)
	if err != nil {
		return nil, app.Usage(err)
	}
	w, err := a.OpenWarehouse(cmd.Context(), dsn, app.OwnDatabase)
	if err != nil {
		return nil, err
	}
	defer func() { _ = w.Close() }()
	return gather(cmd.Context(), a, w, recipients[0], store)
}

// summary is the JSON form of show: a contract, described in cli/JSON.md.
type summary struct {
	Recipient    string         `json:"recipient"`
	RecipientKey string         `json:"recipient_key"`
	Held         map[string]int `json:"held"`
	Messages     []message      `json:"messages"`
	Notes        []string       `json:"notes"`
}

func (h *held) summary() *summary {
	s := &summary{h.Recipient, h.Key.String(), map[string]int{}, h.messages(), h.Notes}
	names, counts := h.places()
	for i, name := range names {
		s.Held[name] = counts[i]
	}
	return s
}

func (h *held) print(w io.Writer) error {
	t := output.NewTable("PLACE", "HELD").AlignRight(1)
	names, counts := h.places()
	for i, name := range names {
		t.Row(name, output.Count(uint64(counts[i])))
	}
	if err := t.Write(w); err != nil {
		return err
	}
	messages := h.messages()
	if len(messages) > 0 {
		fmt.Fprintln(w)
		t = output.NewTable("CAMPAIGN", "MESSAGE", "SENT AT", "TRACKING", "OPENS", "OTHER EVENTS").AlignRight(4, 5)
		for i := range messages {
			m := &messages[i]
			t.Row(m.Campaign, m.MessageID, m.SentAt, m.Tracking, strconv.Itoa(m.Opens), strconv.Itoa(m.Events))
		}
		if err := t.Write(w); err != nil {
			return err
		}
	}
	for _, note := range h.Notes {
		fmt.Fprintln(w, "note:", output.Safe(note))
	}
	return nil
}

func newExportCmd(a *app.App) *cobra.Command {
	var dsn, path string
	var archive archiveFlags
	cmd := &cobra.Command{
		Use:   "export ADDRESS",
		Short: "Write all data of a person as one JSON document",
		Long: "Writes every row and line about the address, in the form of the tables and of edge/event/FORMAT.md, for the rights of\n" +
			"access and portability. Signatures in pixel URLs are included. It changes nothing, and needs the warehouse's own user.",
		Example: "  glint person export ann@example.com --output ann.json",
		Args:    app.OneArg("address"),
	}
	cmd.Flags().StringVar(&path, "output", "-", "file to write, readable for its owner only; - is stdout")
	archive.add(cmd)
	app.WarehouseFlag(cmd, &dsn)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		h, err := search(cmd, a, args, dsn, &archive)
		if err != nil {
			return err
		}
		if path == "-" {
			return writeJSON(a.Out, h.document(time.Now()))
		}
		if err := atomicfile.Write(path, func(w io.Writer) error { return writeJSON(w, h.document(time.Now())) }); err != nil {
			return fmt.Errorf("write what is held: %w", err)
		}
		_, counts := h.places()
		n := 0
		for _, count := range counts {
			n += count
		}
		fmt.Fprintf(a.Err, "wrote %s\n", output.Plural(n, "entry", "entries"))
		return nil
	}
	return cmd
}

// document is the output of export: a contract, described in cli/JSON.md.
type document struct {
	Recipient    string                       `json:"recipient"`
	RecipientKey string                       `json:"recipient_key"`
	ExportedAt   time.Time                    `json:"exported_at"`
	Messages     []message                    `json:"messages"`
	Tables       map[string][]json.RawMessage `json:"tables"`
	Log          []string                     `json:"log"`
	Archive      []string                     `json:"archive"`
	DeadLetters  []string                     `json:"dead_letters"`
	Receipts     int                          `json:"receipts"`
	Notes        []string                     `json:"notes"`
}

func (h *held) document(now time.Time) *document {
	d := &document{
		h.Recipient, h.Key.String(), now.UTC().Truncate(time.Second), h.messages(),
		map[string][]json.RawMessage{},
		h.Log, h.Archive, h.DeadLetters, h.ReceiptCount, h.Notes,
	}
	for _, table := range tables {
		d.Tables[table] = h.Rows[table]
		if d.Tables[table] == nil {
			d.Tables[table] = []json.RawMessage{}
		}
	}
	for _, list := range []*[]string{&d.Log, &d.Archive, &d.DeadLetters} {
		if *list == nil {
			*list = []string{}
		}
	}
	return d
}

func writeJSON(w io.Writer, v any) error {
	e := output.NewJSON(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
