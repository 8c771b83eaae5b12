package edge

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"glint/cli/edge/challenge"
)

// writeScript prints the commands for a service that has none of the settings
// yet; stores of the account are reused.
func (o *options) writeScript(w io.Writer) error {
	s := &script{}
	s.add("# Prepares Fastly service %s for glint. Needs the Fastly CLI, signed in.", o.serviceID)
	s.add("# It makes nothing live. `glint edge setup … --apply` does the same, but only changes what is missing or differs.")
	s.stores(o)
	if o.only == "all" {
		s.logs(o)
		s.challenge(o)
	}
	s.finish(o)
	_, err := io.WriteString(w, s.b.String())
	return err
}

// script is shell text.
type script struct{ b strings.Builder }

func (s *script) add(format string, args ...any) { fmt.Fprintf(&s.b, format+"\n", args...) }

func (s *script) stores(o *options) {
	s.add("\n# Stores belong to the account; an existing store is reused.\n%s", storeID)
	var stores []string
	if o.only != "keys" {
		s.config(o)
		stores = append(stores, "config_store")
	}
	s.store("secret")
	if o.only != "web" {
		s.add("\n# The keys that let the edge mark bad tokens; ingest checks them in any case. The file keeps them off the command line.")
		s.add(`fastly secret-store-entry create --recreate-allow --store-id="$secret_store" --name=%s --file=%s`, keysSecret, quote(o.app.Home.PixelKeysFile()))
	}
	if o.web() {
		s.webSecrets(o)
	}
	s.add("\n# The service sees a store only if it is linked. An error here means that it is linked already.")
	for _, variable := range append(stores, "secret_store") {
		s.add(`fastly service resource-link create %s --resource-id="$%s" --name=%s`, o.target(), variable, storeName)
	}
}

func (s *script) config(o *options) {
	s.add("\n# The edge program's settings: the precision of addresses, the treatment of privacy signals, the web pixel's sites.")
	s.store("config")
	switch {
	case o.only == "web":
	case o.setPrecision:
		s.add(`fastly config-store-entry update --upsert --store-id="$config_store" --key=%s --value=%s`, precisionKey, o.precision)
	default:
		s.add("# An error here means that a value exists; it is not changed.")
		s.add(`fastly config-store-entry create --store-id="$config_store" --key=%s --value=%s`, precisionKey, o.precision)
	}
	if o.signals != "" {
		s.add(`fastly config-store-entry update --upsert --store-id="$config_store" --key=%s --value=%s`, signalsKey, o.signals)
	}
	switch {
	case o.remove:
		s.add(`fastly config-store-entry delete --store-id="$config_store" --key=%s`, sitesKey)
	case o.siteList() != "":
		s.add(`fastly config-store-entry update --upsert --store-id="$config_store" --key=%s --value=%s`, sitesKey, quote(o.siteList()))
	}
}

// webSecrets sends the secrets of the web pixel, each through a pipe.
func (s *script) webSecrets(o *options) {
	s.add("\n# The secrets of the web pixel. The pipe keeps them off the command line. An error of a deletion means that there is nothing to delete.")
	for _, w := range webSecrets {
		if o.drops(w.name) {
			s.add(`fastly secret-store-entry delete --store-id="$secret_store" --name=%s`, w.name)
			continue
		}
		s.add(`sed -n 's/^%s=//p' %s | tr -d '\n' | fastly secret-store-entry create --recreate-allow --store-id="$secret_store" --name=%s --stdin`,
			w.variable, quote(o.app.Home.WebFile()), w.name)
	}
}

// store adds commands that find the account's store named glint, or create it, and keep its id.
func (s *script) store(kind string) {
	s.add(`[ -n "$(store_id %[1]s)" ] || fastly %[1]s-store create --name=%[2]s`, kind, storeName)
	s.add(`%[1]s_store=$(store_id %[1]s)`, kind)
}

// storeID is a shell function that prints the id of the store, or nothing if it
// is missing. The CLI writes JSON with one member per line, in any order.
const storeID = `store_id() {
  fastly "$1-store" list --json | awk -F'"' '$2 == "name" {n = $4} $2 == "id" {i = $4} /}/ && n == "` + storeName + `" {print i; exit}'
}`

func (s *script) logs(o *options) {
	s.add("\n# The endpoint for log lines: newline-delimited JSON without a syslog prefix, every %s, with the ingest token.", o.period)
	s.add("# While it runs, other users of this machine can read the token in the list of processes; --apply avoids that.")
	s.add(`[ -n "${%[1]s:-}" ] || %[1]s=$(sed -n 's/^%[1]s=//p' %[2]s)`, tokenVariable, quote(o.app.Home.CredentialsFile()))
	for _, e := range o.endpoints() {
		switch e.name {
		case endpointArchive:
			s.add("\n# The archive: lines that were lost on the way to ingest can be sent again from it. Set its variables first, if there are any.")
		case backendName:
			s.add("\n# The backend of the recipient's page, /preferences/….")
		}
		s.add(`fastly service %s create %s --name=%s%s`, e.kind, o.target(), e.name, e.flags())
		for _, set := range e.settings {
			if set.update {
				s.add(`fastly service %s update %s --name=%s --%s`, e.kind, o.target(), e.name, set.flag)
			}
		}
	}
}

// flags returns the settings as flags, one per line.
func (e *endpoint) flags() string {
	var b strings.Builder
	for _, s := range e.settings {
		if s.update {
			continue
		}
		value := quote(s.value)
		if s.variable != "" {
			value = `"` + s.value + "$" + s.variable + `"`
		}
		b.WriteString(" \\\n  --" + s.flag + "=" + value)
	}
	return b.String()
}

func (s *script) challenge(o *options) {
	line := challenge.Line(o.serviceID)
	s.add("\n# Before it posts, Fastly asks ingest whether this service may log: the page must have the line")
	s.add("#   %s", line)
	s.add("# or *. `glint up --fastly-service %s` (or `glint serve …`) answers with it.", o.serviceID)
	s.add(`curl -fsS %s | grep -xE '%s|\*'`, quote(o.ingestURL+challenge.Path), line)
}

func (s *script) finish(o *options) {
	s.add("\n# If all of this went well, these make it live and check it:")
	s.add("# fastly service version activate --service-id=%s --version=%s", o.serviceID, o.version)
	if o.only != "all" {
		return
	}
	s.add("# glint doctor https://YOUR-PIXEL --ingest-url %s --service-id %s", o.ingestURL, o.serviceID)
}

// target returns the flags that name the service version to change. All commands find the same draft:
// the first one creates it if the latest version is in use.
func (o *options) target() string {
	t := "--service-id=" + o.serviceID + " --version=" + o.version
	if o.version == "latest" {
		t += " --autoclone"
	}
	return t
}

var plain = regexp.MustCompile(`^[0-9A-Za-z@%+=:,./_-]+$`)

// quote returns s as one word of a POSIX shell.
func quote(s string) string {
	if plain.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
