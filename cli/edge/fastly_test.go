package edge

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// account is as much of Fastly's API as the commands use, over an account with
// one service. The real Fastly CLI talks to it.
type account struct {
	mu       sync.Mutex
	Stores   map[string][]string // kind → names; the id is kind and name
	Items    map[string]string   // of the config store glint
	Secrets  []string            // names in the secret store glint
	Versions []*version
	changes  []string // "METHOD path" of requests that change something
	refuse   string   // path suffix that is answered 403
}

type version struct {
	Number    int
	Locked    bool
	Links     []string                     // ids of stores
	Endpoints map[string]map[string]string // "https/opens" → fields
}

func newAccount(locked bool) *account {
	return &account{
		Stores: map[string][]string{}, Items: map[string]string{},
		Versions: []*version{{Number: 1, Locked: locked, Endpoints: map[string]map[string]string{}}},
	}
}

func (a *account) serve(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(a)
	closeAtEnd(t, s)
	return s.URL
}

// closeAtEnd closes the server without waiting for connections that a client
// opened and never used.
func closeAtEnd(t *testing.T, s *httptest.Server) {
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
}

// locked gives the account to f, while no request changes it.
func (a *account) locked(f func(*account)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f(a)
}

// opens returns a field of the log endpoint opens in the latest version.
func (a *account) opens(field string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.latest().Endpoints["https/opens"][field]
}

func (a *account) latest() *version { return a.Versions[len(a.Versions)-1] }

func (a *account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if strings.Contains(r.URL.Path, "openid-configuration") { // the CLI begins with it
		at := "http://" + r.Host + "/"
		answer(w, map[string]string{"issuer": at, "authorization_endpoint": at, "token_endpoint": at, "jwks_uri": at})
		return
	}
	_ = r.ParseForm() // what is no form has no values
	if r.Method != http.MethodGet && !strings.HasSuffix(r.URL.Path, "/client-key") {
		a.changes = append(a.changes, r.Method+" "+r.URL.Path)
	}
	if a.refuse != "" && strings.HasSuffix(r.URL.Path, a.refuse) {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"msg":"You are not authorized to perform this action","detail":"no\u001b[2J"}`)
		return
	}
	part := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case part[0] == "resources":
		a.resources(w, r, part[2:])
	case len(part) == 2:
		answer(w, map[string]string{"id": part[1], "type": "wasm"})
	default:
		a.service(w, r, part[1], part[3:])
	}
}

func (a *account) resources(w http.ResponseWriter, r *http.Request, part []string) {
	kind := part[0]
	type store map[string]string
	switch {
	case len(part) == 1 && r.Method == http.MethodPost:
		name := r.PostForm.Get("name")
		if name == "" { // the secret store's API takes JSON
			var in struct{ Name string }
			_ = json.NewDecoder(r.Body).Decode(&in)
			name = in.Name
		}
		a.Stores[kind] = append(a.Stores[kind], name)
		answer(w, store{"id": kind + "-" + name, "name": name, "created_at": "2026-01-01T00:00:00Z"})
	case len(part) == 1:
		list := []store{}
		for _, name := range a.Stores[kind] {
			list = append(list, store{"id": kind + "-" + name, "name": name, "created_at": "2026-01-01T00:00:00Z"})
		}
		if kind == "secret" {
			answer(w, map[string]any{"data": list, "meta": map[string]any{"limit": 50}})
			return
		}
		answer(w, list)
	case kind == "secret" && len(part) >= 3:
		a.secrets(w, r, part[3:])
	case len(part) == 3: // items
		list := []store{}
		for k, v := range a.Items {
			list = append(list, store{"store_id": part[1], "item_key": k, "item_value": v})
		}
		if r.Method == http.MethodPost {
			a.Items[r.PostForm.Get("item_key")] = r.PostForm.Get("item_value")
			answer(w, store{})
			return
		}
		answer(w, list)
	case len(part) == 4 && r.Method == http.MethodDelete:
		delete(a.Items, part[3])
		answer(w, store{})
	case len(part) == 4:
		a.Items[part[3]] = r.PostForm.Get("item_value")
		answer(w, store{})
	default: // keys that encrypt secrets; the CLI refuses those that are not Fastly's
		answer(w, store{})
	}
}

// secrets lists them, or deletes one.
func (a *account) secrets(w http.ResponseWriter, r *http.Request, part []string) {
	if r.Method == http.MethodDelete {
		a.Secrets = slices.DeleteFunc(a.Secrets, func(name string) bool { return name == part[0] })
		answer(w, map[string]string{})
		return
	}
	list := []map[string]string{}
	for _, name := range a.Secrets {
		list = append(list, map[string]string{"name": name, "digest": "b3BhcXVl"})
	}
	answer(w, map[string]any{"data": list, "meta": map[string]any{"limit": 1000}})
}

func (a *account) service(w http.ResponseWriter, r *http.Request, id string, part []string) {
	if len(part) == 0 {
		list := []map[string]any{}
		for _, v := range a.Versions {
			list = append(list, v.json(id))
		}
		answer(w, list)
		return
	}
	n, _ := strconv.Atoi(part[0])
	v := a.Versions[n-1]
	if len(part) == 1 {
		answer(w, v.json(id))
		return
	}
	if r.Method != http.MethodGet && v.Locked && part[1] != "clone" {
		w.WriteHeader(http.StatusUnprocessableEntity)
		return
	}
	switch part[1] {
	case "activate":
		v.Locked = true
		answer(w, v.json(id))
	case "clone":
		c := &version{Number: len(a.Versions) + 1, Links: slices.Clone(v.Links), Endpoints: map[string]map[string]string{}}
		for k, e := range v.Endpoints {
			c.Endpoints[k] = e
		}
		a.Versions = append(a.Versions, c)
		answer(w, c.json(id))
	case "resource":
		if r.Method == http.MethodPost {
			v.Links = append(v.Links, r.PostForm.Get("resource_id")+" as "+r.PostForm.Get("name"))
			answer(w, map[string]any{"id": "link"})
			return
		}
		list := []map[string]string{}
		for _, l := range v.Links {
			resource, name, _ := strings.Cut(l, " as ")
			list = append(list, map[string]string{"id": "link", "name": name, "resource_id": resource})
		}
		answer(w, list)
	case "logging":
		v.endpoints(w, r, part[2])
	case "backend":
		v.endpoints(w, r, part[1])
	}
}

func (v *version) json(service string) map[string]any {
	return map[string]any{"number": v.Number, "locked": v.Locked, "active": v.Locked, "service_id": service}
}

func (v *version) endpoints(w http.ResponseWriter, r *http.Request, kind string) {
	if r.Method == http.MethodGet {
		list := []map[string]any{}
		for k, e := range v.Endpoints {
			if strings.HasPrefix(k, kind+"/") {
				list = append(list, typed(e))
			}
		}
		answer(w, list)
		return
	}
	name, sent := r.PostForm.Get("name"), fields(r.PostForm)
	if r.Method == http.MethodPut { // it has the name in its path, and changes what it has
		name = r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
		changed := maps.Clone(v.Endpoints[kind+"/"+name])
		maps.Copy(changed, sent)
		sent = changed
	}
	v.Endpoints[kind+"/"+name] = sent
	answer(w, map[string]any{"name": name, "version": strconv.Itoa(v.Number), "service_id": "x"})
}

// typed writes what is a number or a yes as the API does.
func typed(fields map[string]string) map[string]any {
	out := map[string]any{}
	for k, v := range fields {
		out[k] = v
		if n, err := strconv.Atoi(v); err == nil && (k == "port" || strings.HasSuffix(k, "_timeout")) {
			out[k] = n
		}
		if k == "use_ssl" {
			out[k] = v == "1"
		}
	}
	return out
}

func fields(form url.Values) map[string]string {
	f := map[string]string{}
	for k := range form {
		f[k] = form.Get(k)
	}
	return f
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the client sees what is missing
}
