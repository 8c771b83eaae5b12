package consent

import (
	"encoding/csv"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/ingest/consent"
	"glint/ingest/warehouse"
)

// listed is the JSON form of a choice: a contract, described in cli/JSON.md.
type listed struct {
	Recipient    *string    `json:"recipient"` // null unless a message to the recipient is registered
	RecipientKey string     `json:"recipient_key"`
	Choice       string     `json:"choice"`
	DecidedAt    time.Time  `json:"decided_at"`
	Method       string     `json:"method"`
	TextVersion  string     `json:"text_version"`
	MayBeAsked   bool       `json:"may_be_asked"`
	AskAgainAt   *time.Time `json:"ask_again_at"` // null: at any time; for an agreed choice: never
}

func newListCmd(a *app.App) *cobra.Command {
	var dsn, recipient, purpose string
	var mayBeAsked bool
	var limit uint64
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the current choices, and the recipients who may be asked again",
		Long: "Lists the current choice of each recipient, the latest first. A recipient who refused or withdrew may be asked again\n" +
			"after six months. Recipients are stored as keyed hashes; an address is shown only if a message to it is registered.\n" +
			"It changes nothing.",
		Example: "  glint consent list\n  glint consent list --may-be-asked --format csv",
		Args:    app.NoArgs,
	}
	f := cmd.Flags()
	f.StringVar(&recipient, "recipient", "", "only this recipient")
	f.StringVar(&purpose, "purpose", consent.PurposeOpens, "purpose of the choices")
	f.BoolVar(&mayBeAsked, "may-be-asked", false, "only recipients who may be asked now")
	f.Uint64Var(&limit, "limit", 1_000_000, "maximum number of recipients")
	format := app.ChoiceFlag(cmd, "format", "output format", "table", "json", "csv")
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
		choices, err := s.ListChoices(cmd.Context(), purpose, key, limit)
		if err != nil {
			return err
		}
		return writeList(a.Out, format.String(), listOf(choices, mayBeAsked, time.Now()))
	}
	return cmd
}

func listOf(choices []warehouse.ListedChoice, mayBeAsked bool, now time.Time) []listed {
	list := []listed{}
	for i := range choices {
		c := &choices[i]
		l := listed{
			RecipientKey: c.Key.String(), Choice: c.Decision.Choice.String(), DecidedAt: c.Decision.DecidedAt, Method: c.Method, TextVersion: c.TextVersion,
		}
		if c.Recipient != "" {
			l.Recipient = &c.Recipient
		}
		at, ever := consent.AskAgainAt(c.Decision)
		l.MayBeAsked = ever && !now.Before(at)
		if ever && !at.IsZero() {
			l.AskAgainAt = &at
		}
		if l.MayBeAsked || !mayBeAsked {
			list = append(list, l)
		}
	}
	return list
}

func writeList(w io.Writer, format string, list []listed) error {
	if format == "json" {
		e := output.NewJSON(w)
		e.SetIndent("", "  ")
		return e.Encode(list)
	}
	t := output.NewTable("RECIPIENT", "CHOICE", "DECIDED AT", "METHOD", "TEXT", "MAY BE ASKED")
	c := csv.NewWriter(w)
	_ = c.Write([]string{"recipient", "recipient_key", "choice", "decided_at", "method", "text_version", "may_be_asked", "ask_again_at"}) // Flush reports it
	for i := range list {
		l := &list[i]
		name, asked, again := l.RecipientKey, "no", ""
		if l.Recipient != nil {
			name = *l.Recipient
		}
		if l.AskAgainAt != nil {
			again = formatTime(*l.AskAgainAt)
			asked = "from " + again
		}
		if l.MayBeAsked {
			asked = "yes"
		}
		if format == "table" {
			t.Row(name, l.Choice, formatTime(l.DecidedAt), l.Method, l.TextVersion, asked)
			continue
		}
		address := ""
		if l.Recipient != nil {
			address = cell(name)
		}
		_ = c.Write([]string{
			address, l.RecipientKey, l.Choice, formatTime(l.DecidedAt), cell(l.Method), cell(l.TextVersion),
			map[bool]string{true: "true", false: "false"}[l.MayBeAsked], again,
		}) // Flush reports it
	}
	if format == "table" {
		return t.Write(w)
	}
	c.Flush()
	return c.Error()
}

// cell returns text that a spreadsheet shows unchanged: it would run a text that begins
// like a formula.
func cell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}
