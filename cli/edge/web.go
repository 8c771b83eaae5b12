package edge

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"glint/cli/internal/app"
	"glint/cli/internal/home"
)

// webSecrets are the secrets of the web pixel and of POST /e: their names in the store,
// and in $GLINT_HOME/web.env.
var webSecrets = [...]struct{ name, variable string }{
	{eventsSecret, "GLINT_EVENTS_TOKEN"},
	{visitorSecret, "GLINT_VISITOR_SECRET"},
}

// web reports whether to set the web pixel's secrets.
func (o *options) web() bool { return o.only == "web" || len(o.sites.Names()) > 0 }

// siteList returns the sites in the form of the config store; "" if no site is given.
func (o *options) siteList() string {
	return strings.ReplaceAll(strings.TrimSpace(o.sites.String()), "\n", ";")
}

// drops reports whether to delete a secret from the store.
func (o *options) drops(name string) bool { return o.remove || o.noVisitors && name == visitorSecret }

// maxSites is the maximum length of a value in a config store, in characters.
// Source: https://www.fastly.com/documentation/guides/concepts/edge-state/dynamic-config/
const maxSites = 8000

// checkWeb returns the faults of the web pixel's flags.
func (o *options) checkWeb(sites []string) (faults []error) {
	for _, text := range sites {
		if err := o.sites.Add(text); err != nil {
			faults = append(faults, fmt.Errorf("--site: %w", err))
		}
	}
	names := slices.Sorted(slices.Values(o.sites.Names()))
	if len(slices.Compact(names)) < len(o.sites.Names()) {
		faults = append(faults, errors.New("--site has a name twice; its origins go into one, NAME=ORIGIN,ORIGIN"))
	}
	if n := len([]rune(o.siteList())); n > maxSites {
		faults = append(faults, fmt.Errorf("--site: the sites have %d characters, and Fastly's store takes %d", n, maxSites))
	}
	if strings.Contains(strings.Join(sites, ""), ";") {
		faults = append(faults, errors.New("--site: no name or origin may have a semicolon"))
	}
	if o.remove && (o.only != "web" || len(sites) > 0 || o.newSecrets) {
		faults = append(faults, errors.New("--remove goes with --only web, without --site and --new-secrets"))
	}
	if o.newSecrets && (o.only != "web" || !o.apply) {
		faults = append(faults, errors.New("--new-secrets goes with --only web --apply"))
	}
	if o.noVisitors && !o.web() {
		faults = append(faults, errors.New("--no-visitors goes with --site or --only web"))
	}
	return faults
}

// checkWebFile returns an error if the file that the printed commands read is missing.
func (o *options) checkWebFile() error {
	if !o.web() || o.remove {
		return nil
	}
	if _, err := os.Stat(o.app.Home.WebFile()); errors.Is(err, fs.ErrNotExist) {
		return app.Try(errors.New("there are no secrets of the web pixel yet"), "the same command with --apply, or glint up --site: both make them")
	}
	return nil
}

// readWebSecrets returns the secrets by name; with --new-secrets, new ones.
func (o *options) readWebSecrets() (map[string]string, error) {
	read := o.app.Home.WebSecrets
	if o.newSecrets {
		read = o.app.Home.NewWebSecrets
	}
	var s home.WebSecrets
	s, err := read()
	if err != nil {
		return nil, err
	}
	return map[string]string{eventsSecret: s.EventsToken, visitorSecret: s.VisitorSecret}, nil
}

// webSecrets sends the secrets each time, since they cannot be read back to compare. It
// deletes secrets that are not wanted.
func (a *applier) webSecrets(ctx context.Context, store string) error {
	if !a.web() {
		return nil
	}
	var values map[string]string
	if !a.remove {
		var err error
		if values, err = a.readWebSecrets(); err != nil {
			return err
		}
	}
	there, err := a.secretNames(ctx, store)
	if err != nil {
		return err
	}
	for _, w := range webSecrets {
		switch {
		case !a.drops(w.name):
			err = a.cli.send(ctx, values[w.name], "secret-store-entry", "create", "--recreate-allow", "--store-id="+store, "--name="+w.name, "--stdin")
		case slices.Contains(there, w.name):
			_, err = a.cli.change(ctx, "secret-store-entry", "delete", "--store-id="+store, "--name="+w.name)
		}
		if err != nil {
			return err
		}
	}
	if a.newSecrets {
		fmt.Fprintln(a.app.Err, "the new secrets are in "+a.app.Home.WebFile()+": start glint again, and give servers that post events the new token")
	}
	return nil
}

// secretNames returns the names of all secrets in the store; it reads all pages of the list.
func (a *applier) secretNames(ctx context.Context, store string) (names []string, err error) {
	const most = 1000
	var list struct{ Data []struct{ Name string } }
	args := []string{"secret-store-entry", "list", "--store-id=" + store, "--limit=" + strconv.Itoa(most)}
	if err := a.cli.list(ctx, &list, args...); err != nil {
		return nil, err
	}
	for _, s := range list.Data {
		names = append(names, s.Name)
	}
	return names, nil
}
