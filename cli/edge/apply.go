package edge

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"

	"glint/cli/edge/challenge"
	"glint/cli/internal/app"
	"glint/cli/internal/home"
	"glint/cli/internal/toolchain"
)

// applier changes one service until it has everything that the edge program uses.
type applier struct {
	*options
	cli     cli
	api     *api
	secrets map[string]string // by variable
	number  int               // of the version that is read, and changed if it is a draft
	draft   bool
	changed bool
}

func (o *options) applyAll(ctx context.Context) error {
	a, err := o.newApplier()
	if err != nil {
		return err
	}
	if err := a.findVersion(ctx); err != nil {
		return err
	}
	steps := map[string][]func(context.Context) error{
		"all": {a.configStore, a.secretStore, a.logEndpoints}, "keys": {a.secretStore}, "web": {a.configStore, a.secretStore},
	}[a.only]
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if a.only != "all" {
		return a.sayNext()
	}
	return errors.Join(a.sayNext(), a.checkChallenge(ctx))
}

// newApplier collects all inputs before anything is changed.
func (o *options) newApplier() (*applier, error) {
	a := &applier{options: o, secrets: map[string]string{}}
	var err error
	if a.api, err = newAPI(o.app.Getenv, o.transport); err != nil {
		return nil, app.Try(err, "create a token with the role engineer at https://manage.fastly.com/account/tokens and export it")
	}
	path, err := toolchain.Locate("fastly")
	if err != nil {
		return nil, err
	}
	a.cli = cli{path, o.app.Err}
	if a.only == "web" {
		return a, nil
	}
	if _, err := os.Stat(o.app.Home.PixelKeysFile()); errors.Is(err, fs.ErrNotExist) {
		return nil, app.Try(fmt.Errorf("there are no pixel keys in %s", o.app.Home), "glint up once, or set GLINT_HOME to the folder in which ingest has them")
	}
	if _, err := o.app.Home.Keys(); err != nil {
		return nil, err // a file that others can read, or a damaged one, is not sent
	}
	if a.only == "keys" {
		return a, nil
	}
	for _, e := range o.endpoints() {
		for _, s := range e.settings {
			if s.variable == "" {
				continue
			}
			if a.secrets[s.variable], err = o.secret(s.variable); err != nil {
				return nil, err
			}
		}
	}
	return a, nil
}

// secret returns the variable's value; the ingest token may also come from the credentials.
func (o *options) secret(variable string) (string, error) {
	value := o.app.Getenv(variable)
	if value == "" && variable == tokenVariable {
		c, err := home.ReadCredentials(o.app.Home.CredentialsFile())
		if err != nil && !errors.Is(err, home.ErrNoCredentials) {
			return "", err
		}
		value = c.IngestToken
	}
	if value == "" {
		return "", app.Try(fmt.Errorf("$%s is not set", variable), "export "+variable+"=…")
	}
	return value, nil
}

// findVersion finds the service version to read.
func (a *applier) findVersion(ctx context.Context) error {
	var versions []struct {
		Number         int
		Active, Locked bool
	}
	if err := a.cli.list(ctx, &versions, "service", "version", "list", "--service-id="+a.serviceID); err != nil {
		return err
	}
	wanted, _ := strconv.Atoi(a.version) // 0: the latest
	a.number = 0
	for _, v := range versions {
		if v.Number == wanted || wanted == 0 && v.Number > a.number {
			a.number, a.draft = v.Number, !v.Active && !v.Locked
		}
	}
	switch {
	case a.number == 0:
		return fmt.Errorf("service %s has no version %s", a.serviceID, a.version)
	case wanted > 0 && !a.draft:
		return app.Try(fmt.Errorf("version %d is in use or was; it cannot be changed", wanted), "--version latest")
	}
	return nil
}

// edit returns the number of a version that can be changed. It clones the
// latest one only when something must change, so that a run with nothing
// to do leaves no version behind.
func (a *applier) edit(ctx context.Context) (string, error) {
	if !a.draft {
		_, err := a.cli.change(ctx, "service", "version", "clone", "--service-id="+a.serviceID, "--version="+strconv.Itoa(a.number))
		if err != nil {
			return "", err
		}
		if err := a.findVersion(ctx); err != nil {
			return "", err
		}
		if !a.draft {
			return "", fmt.Errorf("version %d of service %s is no draft, though it was just cloned", a.number, a.serviceID)
		}
	}
	a.changed = true
	return strconv.Itoa(a.number), nil
}

func (a *applier) configStore(ctx context.Context) error {
	id, err := a.store(ctx, "config")
	if err != nil {
		return err
	}
	var items []struct {
		Key   string `json:"item_key"`
		Value string `json:"item_value"`
	}
	if err := a.cli.list(ctx, &items, "config-store-entry", "list", "--store-id="+id); err != nil {
		return err
	}
	there := map[string]string{}
	for _, item := range items {
		there[item.Key] = item.Value
	}
	for _, item := range []struct {
		wanted     bool // otherwise an existing value stays
		key, value string
	}{
		{a.only != "web" && (a.setPrecision || there[precisionKey] == ""), precisionKey, a.precision},
		{a.signals != "", signalsKey, a.signals},
		{a.siteList() != "", sitesKey, a.siteList()},
	} {
		if !item.wanted || there[item.key] == item.value {
			continue
		}
		_, err := a.cli.change(ctx, "config-store-entry", "update", "--upsert", "--store-id="+id, "--key="+item.key, "--value="+item.value)
		if err != nil {
			return err
		}
	}
	if a.remove && there[sitesKey] != "" {
		if _, err := a.cli.change(ctx, "config-store-entry", "delete", "--store-id="+id, "--key="+sitesKey); err != nil {
			return err
		}
	}
	return a.link(ctx, id)
}

// secretStore sends the keys each time, since they cannot be read back to compare.
func (a *applier) secretStore(ctx context.Context) error {
	id, err := a.store(ctx, "secret")
	if err != nil {
		return err
	}
	if a.only != "web" {
		_, err = a.cli.change(ctx, "secret-store-entry", "create", "--recreate-allow",
			"--store-id="+id, "--name="+keysSecret, "--file="+a.app.Home.PixelKeysFile())
		if err != nil {
			return err
		}
	}
	if err := a.webSecrets(ctx, id); err != nil {
		return err
	}
	return a.link(ctx, id)
}

// store returns the id of the account's store of that kind, and creates the store if
// it is missing.
func (a *applier) store(ctx context.Context, kind string) (string, error) {
	type store struct{ ID, Name string }
	var stores []store
	if err := a.cli.list(ctx, &stores, kind+"-store", "list"); err != nil {
		return "", err
	}
	for _, s := range stores {
		if s.Name == storeName {
			return s.ID, nil
		}
	}
	fmt.Fprintf(a.app.Err, "fastly %s-store create --name=%s --json\n", kind, storeName)
	var made store
	if err := a.cli.list(ctx, &made, kind+"-store", "create", "--name="+storeName); err != nil {
		return "", err
	}
	if made.ID == "" {
		return "", fmt.Errorf("fastly %s-store create returned no id", kind)
	}
	return made.ID, nil
}

// link links a store to the service.
func (a *applier) link(ctx context.Context, id string) error {
	var links []struct {
		ResourceID string `json:"resource_id"`
	}
	err := a.cli.list(ctx, &links, "service", "resource-link", "list", "--service-id="+a.serviceID, "--version="+strconv.Itoa(a.number))
	if err != nil {
		return err
	}
	for _, l := range links {
		if l.ResourceID == id {
			return nil
		}
	}
	version, err := a.edit(ctx)
	if err != nil {
		return err
	}
	_, err = a.cli.change(ctx, "service", "resource-link", "create", "--service-id="+a.serviceID, "--version="+version,
		"--resource-id="+id, "--name="+storeName)
	return err
}

// logEndpoints creates the log endpoints and the backend, and updates those that differ.
func (a *applier) logEndpoints(ctx context.Context) error {
	for _, e := range a.endpoints() {
		if err := a.logEndpoint(ctx, &e); err != nil {
			return err
		}
	}
	return nil
}

func (a *applier) logEndpoint(ctx context.Context, e *endpoint) error {
	var there []map[string]any
	if err := a.api.call(ctx, http.MethodGet, a.endpointPath(strconv.Itoa(a.number), e.kind), nil, &there); err != nil {
		return err
	}
	form := a.form(e)
	method, suffix := http.MethodPost, ""
	for _, old := range there {
		if fmt.Sprint(old["name"]) != e.name {
			continue
		}
		if same(old, form) {
			return nil
		}
		method, suffix = http.MethodPut, "/"+e.name
	}
	version, err := a.edit(ctx)
	if err != nil {
		return err
	}
	path := a.endpointPath(version, e.kind) + suffix
	fmt.Fprintf(a.app.Err, "%s %s%s (%s)\n", method, a.api.base, path, e.name)
	return a.api.call(ctx, method, path, form, new(map[string]any))
}

func (a *applier) endpointPath(version, kind string) string {
	return "/service/" + a.serviceID + "/version/" + version + "/" + strings.ReplaceAll(kind, " ", "/")
}

func (a *applier) form(e *endpoint) url.Values {
	form := url.Values{"name": {e.name}}
	for _, s := range e.settings {
		form.Set(s.field(), s.value+a.secrets[s.variable])
	}
	return form
}

// same reports whether an endpoint has all the values of form. The API returns numbers as
// numbers or text, and a true as true or 1.
func same(old map[string]any, form url.Values) bool {
	for field := range form {
		value := old[field]
		if value == true {
			value = 1
		}
		if fmt.Sprint(value) != form.Get(field) {
			return false
		}
	}
	return true
}

func (a *applier) sayNext() error {
	if !a.changed {
		_, err := fmt.Fprintf(a.app.Err, "version %d has all of it\n", a.number)
		return err
	}
	_, err := fmt.Fprintf(a.app.Err, "version %d is ready. To make it live:\nfastly service version activate --service-id=%s --version=%d\n",
		a.number, a.serviceID, a.number)
	return err
}

// checkChallenge sends ingest the challenge that Fastly will send.
func (a *applier) checkChallenge(ctx context.Context) error {
	lines, err := challenge.Fetch(ctx, a.api.client, a.ingestURL)
	if err == nil && !challenge.Admits(lines, a.serviceID) {
		err = fmt.Errorf("ingest does not admit the service: neither * nor %s is in %s", challenge.Line(a.serviceID), a.ingestURL+challenge.Path)
	}
	if err != nil {
		return app.Problem(err, "glint up --fastly-service "+a.serviceID+", or glint serve with it, behind "+a.ingestURL)
	}
	fmt.Fprintln(a.app.Err, "ingest answers Fastly's challenge for this service")
	return nil
}
