// Package ignore is `glint ignore`: the list of the operator's own clients, whose opens are stored
// but never counted.
package ignore

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/ingest/ignore"
)

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command {
	return app.Group(&cobra.Command{
		Use:   "ignore",
		Short: "List your own networks and user agents, whose opens never count",
		Long: `Your own test sends and previews cause opens, too. Opens from the networks and user agents in $GLINT_HOME/ignore.txt are
stored with class not_image and the reason ignored_network or ignored_user_agent, and count in no number. A running glint
applies a change of the file within a second. Earlier opens keep their class.`,
		Example: "  glint ignore add 203.0.113.0/24\n  glint ignore list",
	}, newAddCmd(a, runAdd), newRemoveCmd(a, runRemove), newListCmd(a))
}

// options are the parsed arguments and flags of add and remove.
type options struct {
	app           *app.App
	networks      []string
	agents        []string
	parts         []string
	force         bool
	fullAddresses bool
	dryRun        bool
}

func (o *options) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&o.agents, "user-agent", nil, "complete user agent, compared exactly; repeatable")
	f.StringArrayVar(&o.parts, "user-agent-contains", nil, "part of a user agent, compared exactly; repeatable")
	f.BoolVar(&o.dryRun, "dry-run", false, "print what would change, and change nothing")
}

// entries parses all entries and returns all faults at once.
func (o *options) entries() (entries []ignore.Entry, err error) {
	var faults []error
	for _, group := range []struct {
		kind   ignore.Kind
		values []string
	}{
		{ignore.Network, o.networks}, {ignore.UserAgent, o.agents}, {ignore.UserAgentContains, o.parts},
	} {
		for _, value := range group.values {
			e, err := ignore.NewEntry(group.kind, value)
			if err != nil {
				faults = append(faults, fmt.Errorf("%q: %s", value, strings.TrimPrefix(err.Error(), ignore.ErrEntry.Error()+": ")))
			}
			entries = append(entries, e)
		}
	}
	if len(entries) == 0 {
		faults = append(faults, errors.New("want a network, --user-agent or --user-agent-contains"))
	}
	return entries, errors.Join(faults...)
}

// done returns a note on what was done or, with --dry-run, would be done.
func (o *options) done(verb string) string {
	if o.dryRun {
		return " would be" + verb
	}
	return verb
}

// apply writes the list that change returns; with --dry-run it only prints the note.
func (o *options) apply(change func(*ignore.List) (entries []ignore.Entry, note string, err error)) error {
	var note string
	update := func(before *ignore.List) (after []ignore.Entry, err error) {
		after, note, err = change(before)
		return after, err
	}
	if !o.dryRun {
		if err := o.app.Home.UpdateIgnored(update); err != nil {
			return err
		}
		fmt.Fprintln(o.app.Err, note)
		return nil
	}
	before, err := o.app.Home.ReadIgnored()
	if err != nil {
		return err
	}
	entries, err := update(before)
	if err != nil {
		return err
	}
	if _, err := ignore.NewList(entries); err != nil {
		return err
	}
	fmt.Fprintln(o.app.Err, note+"; nothing was changed (--dry-run)")
	return nil
}
