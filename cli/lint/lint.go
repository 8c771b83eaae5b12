// Package lint is `glint lint`: it checks whether the opens of outgoing mail can be measured.
package lint

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/jhillyerd/enmime/v2"
	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/ingest/sheet"
)

// Finding is a fault of a mail. It is a contract, described in cli/JSON.md.
type Finding struct {
	File    string `json:"file"`
	Check   string `json:"check"`
	Finding string `json:"finding"`
	Mend    string `json:"mend"`
}

// mail is a mail to check.
type mail struct {
	file       string
	html       string
	isMessage  bool   // with headers, not a page alone
	text       bool   // it has a part of plain text
	amp        string // its part for AMP, or ""
	header     func(string) string
	recipients int
}

// maxBytes bounds a file; mail providers take 25 MB or so.
const maxBytes = 64 << 20

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "lint FILE...",
		Short: "Check the pixel in mail before it is sent",
		Long: `Reads mails, as HTML or as whole messages (.eml), or one from stdin (-), and prints each fault that can hide or falsify
opens, with its reason and its remedy. The pixel must occur exactly once, with its whole token, last in the body, 1×1, over
https, displayed as a block, not hidden, not loaded lazily, before the point at which Gmail clips a message, and on no host or path of block lists.
A message must also have a text part, the headers to unsubscribe, and the pixel in its AMP part, if it has one. No two files
may share a pixel. The command changes nothing. The exit code is 3 if there are findings.`,
		Example: "  glint lint mail.html\n  glint lint mail.eml --format json\n  glint lint - <mail.html",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return app.UsageOf(cmd, errors.New("name the file of a mail, or - for stdin"))
			}
			return nil
		},
	}
	format := app.ChoiceFlag(cmd, "format", "output format", "table", "json", "csv")
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return run(cmd.Context(), a, args, format.String()) }
	return cmd
}

func run(ctx context.Context, a *app.App, files []string, format string) error {
	var mails []mail
	for _, file := range files {
		m, err := read(ctx, a, file)
		if err != nil {
			return err
		}
		mails = append(mails, m)
	}
	findings := check(mails)
	if format == "table" && len(findings) == 0 {
		fmt.Fprintf(a.Err, "%s checked, no finding\n", output.Plural(len(mails), "mail", "mails"))
		return nil
	}
	if err := write(a.Out, format, findings); err != nil {
		return err
	}
	if len(findings) > 0 {
		return app.Problem(fmt.Errorf("%s in %s", output.Plural(len(findings), "finding", "findings"), output.Plural(len(mails), "mail", "mails")), "")
	}
	return nil
}

func write(w io.Writer, format string, findings []Finding) error {
	if format != "table" {
		return output.WriteRows(w, format, findings)
	}
	style := output.StyleOf(w, os.Getenv)
	var b strings.Builder
	for _, f := range findings {
		for _, line := range output.Wrap(output.Safe(f.File+": "+f.Check+": "+f.Finding), style.Width) {
			b.WriteString(line + "\n")
		}
		for _, line := range output.Wrap(output.Safe("Mend: "+f.Mend), style.Width-4) {
			b.WriteString("    " + line + "\n")
		}
	}
	_, err := io.WriteString(style.Writer(w), b.String())
	return err
}

// read reads a mail: a message with headers, or HTML alone.
func read(ctx context.Context, a *app.App, file string) (mail, error) {
	var in io.Reader
	if file == "-" {
		a.NoteWaiting("a mail")
		in = app.Interruptible(ctx, a.In)
	} else {
		f, err := os.Open(file)
		if err != nil {
			return mail{}, fmt.Errorf("open mail: %w", err)
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, maxBytes+1))
	if err != nil {
		return mail{}, fmt.Errorf("read mail: %w", err)
	}
	if len(text) > maxBytes {
		return mail{}, fmt.Errorf("%s is larger than %d MB", file, maxBytes>>20)
	}
	return parse(file, text)
}

func parse(file string, text []byte) (mail, error) {
	m := mail{file: file, header: func(string) string { return "" }}
	if !isPage(text) {
		if err := sheet.NotText(text); err != nil {
			return mail{}, fmt.Errorf("%s is no mail: %w", file, err)
		}
	}
	if !isMessage(text) {
		page, err := decoded(text)
		m.html = page
		return m, err
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if bytes.HasPrefix(text, []byte("From ")) { // the first line of an mbox
		_, text, _ = bytes.Cut(text, []byte("\n"))
	}
	e, err := enmime.ReadEnvelope(bytes.NewReader(text))
	if err != nil {
		return mail{}, fmt.Errorf("%s is no message: %w", file, err)
	}
	m.isMessage, m.html, m.header = true, e.HTML, e.GetHeader
	m.text = e.Root.DepthMatchFirst(func(p *enmime.Part) bool { return p.ContentType == "text/plain" }) != nil
	if amp := e.Root.DepthMatchFirst(func(p *enmime.Part) bool { return p.ContentType == "text/x-amp-html" }); amp != nil {
		m.amp = string(amp.Content)
	}
	for _, name := range []string{"To", "Cc", "Bcc"} {
		if list, err := e.AddressList(name); err == nil {
			m.recipients += len(list)
		}
	}
	return m, nil
}

// isPage reports whether the text begins like HTML or XML, as some mails do.
func isPage(text []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(bytes.TrimPrefix(text, []byte("\ufeff")), " \t\r\n"), []byte("<"))
}

// decoded returns a page in UTF-8. If its encoding is not detected, its markup is still
// ASCII.
func decoded(text []byte) (string, error) {
	in, _, err := sheet.Text(bytes.NewReader(text), "")
	if err != nil {
		return string(text), nil //nolint:nilerr // the text is checked unconverted
	}
	page, err := io.ReadAll(in)
	if err != nil {
		return "", fmt.Errorf("read mail: %w", err)
	}
	return string(page), nil
}

// isMessage reports whether the text begins with a header field (RFC 5322 §2.2).
func isMessage(text []byte) bool {
	line, _, _ := bytes.Cut(bytes.TrimPrefix(text, []byte("\ufeff")), []byte("\n"))
	if bytes.HasPrefix(line, []byte("From ")) { // of an mbox
		return true
	}
	name, _, ok := bytes.Cut(line, []byte(":"))
	if !ok || len(name) == 0 {
		return false
	}
	for _, c := range name {
		if c <= ' ' || c > '~' || c == '<' {
			return false
		}
	}
	return true
}
