package explain

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"glint/cli/internal/output"
	"glint/ingest/deadletters"
	"glint/ingest/warehouse"
)

// writeJSON prints the events of all messages as one list.
func writeJSON(w io.Writer, all []explained) error {
	events := []Event{}
	for _, x := range all {
		events = append(events, x.events...)
	}
	e := output.NewJSON(w)
	e.SetIndent("", "  ")
	return e.Encode(events)
}

// states maps each state of a message to a sentence.
var states = map[string]string{
	"test": "a test: in no number", "bounced": "it bounced: in no rate", "not_measured": "not tracked individually: in no rate",
	"opened":    "a person opened it (R): in the numerator of every rate",
	"confirmed": "a person clicked, replied or converted, but no open shows it (C): in the lower bound",
	"masked":    "only Apple Mail fetched it, which may hide a person (P): in the upper bound; hubspot leaves it out",
	"unknown":   "only a client of unknown kind fetched it (U): in the upper bound",
	"machine":   "only machines fetched it: in the base of every rate, and in no numerator", "not_fetched": "nothing fetched it: in the base of every rate, and in no numerator",
}

// writeText prints each message with its events.
func writeText(w io.Writer, all []explained) error {
	for i, x := range all {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if f := x.facts; f != nil {
			writeHead(w, f, x.hidden)
		}
		for _, e := range x.events {
			if err := writeEvent(w, &e); err != nil {
				return err
			}
		}
	}
	return nil
}

func writeHead(w io.Writer, f *warehouse.MessageFacts, hidden bool) {
	if hidden {
		fmt.Fprintf(w, "a pseudonymous message, in the campaign of id %d\n\n", f.CampaignID)
		return
	}
	fmt.Fprintf(w, "message   %s, in the campaign of id %d\n", f.MessageID, f.CampaignID)
	if f.Recipient != "" && f.Tracking != warehouse.Pseudonymous {
		fmt.Fprintf(w, "to        %s\n", output.Safe(f.Recipient))
	}
	state := f.Listed().State()
	switch {
	case f.Registered || f.Test:
		fmt.Fprintf(w, "state     %s: %s\n", state, states[state])
	default:
		fmt.Fprintln(w, "state     not_registered: in no number")
	}
	fmt.Fprintf(w, "tracking  %s\n\n", f.Tracking)
}

func writeEvent(w io.Writer, e *Event) error {
	at := "–"
	if e.At != nil {
		at = output.Time(&e.at)
	}
	line := fmt.Sprintf("%s  %s", at, e.Kind)
	for _, part := range []struct {
		name  string
		value *string
	}{{"", e.Class}, {"rule ", e.Reason}, {"", e.Detail}} {
		if part.value != nil {
			line += ", " + part.name + *part.value
		}
	}
	if _, err := fmt.Fprintln(w, output.Safe(line)); err != nil {
		return err
	}
	if facts := factsOf(e); facts != "" {
		fmt.Fprintln(w, "    "+output.Safe(facts))
	}
	_, err := fmt.Fprintln(w, "    "+output.Safe(e.Text))
	return err
}

// factsOf returns the facts of a request as one line.
func factsOf(e *Event) string {
	var parts []string
	for _, part := range []struct {
		name  string
		value *string
	}{
		{"client ", e.Client}, {"on ", e.OS}, {"", e.Device}, {"network ", e.Network}, {"in ", e.Country}, {"address as kept ", e.Address}, {"from ", e.Source},
	} {
		if part.value != nil {
			parts = append(parts, part.name+*part.value)
		}
	}
	if e.ASNumber != nil {
		parts = append(parts, fmt.Sprintf("AS %d", *e.ASNumber))
	}
	return strings.Join(parts, ", ")
}

// deadLetters returns the dead letters of the home that
// contain the token or the id of one of the messages.
func deadLetters(o *Options, refs []warehouse.MessageRef) ([]Event, error) {
	var wanted []string
	if text := tokenText(o.Token); text != "" {
		wanted = append(wanted, text)
	}
	for _, ref := range refs {
		wanted = append(wanted, ref.MessageID.String())
	}
	dir := o.App.Home.DeadLetterDir()
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) || len(wanted) == 0 {
		return nil, nil
	}
	folder, err := deadletters.Open(dir, 0)
	if err != nil {
		return nil, err
	}
	files, err := folder.Files()
	if err != nil {
		return nil, err
	}
	var events []Event
	for _, file := range files {
		for letter, err := range folder.Letters(file.Name) {
			if errors.Is(err, fs.ErrNotExist) {
				break
			}
			if err != nil {
				return nil, err
			}
			for _, text := range wanted {
				if strings.Contains(letter.Line, text) {
					e := newEvent(nil, letter.ReceivedAt.UTC(), "open", whyDeadLetter)
					e.Reason = &letter.Reason
					events = append(events, e)
					break
				}
			}
		}
	}
	return sorted(events), nil
}

// tokenText returns the token of a pixel URL, or the text itself.
func tokenText(text string) string {
	text, _, _ = strings.Cut(text, "?")
	base := path.Base(text)
	if text == "" {
		return ""
	}
	return strings.TrimSuffix(base, path.Ext(base))
}
