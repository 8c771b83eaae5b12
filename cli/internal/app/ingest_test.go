package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"glint/cli/internal/home"
)

// TestWhereATokenGoes is the one table of that decision.
func TestWhereATokenGoes(t *testing.T) {
	const own, other = "http://127.0.0.1:8702", "https://ingest.example.com"
	for _, c := range []struct {
		name        string
		running     bool
		url         string
		environment string
		file        string
		token       string // "": refused
		runs        bool
		fault       string
	}{
		{name: "the running one", running: true, token: "home"},
		{name: "the running one by its address", running: true, url: own, fault: "needs the token"},
		{name: "with its token", running: true, url: own + "/v1/logs", environment: "env", token: "env", runs: true},
		{name: "in other letters", running: true, url: "HTTP://127.0.0.1:8702/", environment: "env", token: "env", runs: true},
		{name: "another host", running: true, url: other, fault: "needs the token of that ingest"},
		{name: "another port", running: true, url: "http://127.0.0.1:8703", fault: "needs the token"},
		{name: "another scheme", running: true, url: "https://127.0.0.1:8702", fault: "needs the token"},
		{name: "another name of this machine", running: true, url: "http://localhost:8702", fault: "needs the token"},
		{name: "the address as a user", running: true, url: "http://127.0.0.1:8702@evil.example.com", fault: "must be like"},
		{name: "the address as a name", running: true, url: "http://127.0.0.1:8702.evil.example.com", fault: "must be like"},
		{name: "with a query", running: true, url: own + "?x=" + other, fault: "must be like"},
		{name: "another scheme of URLs", running: true, url: "file:///etc/passwd", environment: "env", fault: "must be like"},
		{name: "no URL", running: true, url: "ingest.example.com", environment: "env", fault: "must be like"},
		{name: "another host, by environment", running: true, url: other, environment: "env", token: "env"},
		{name: "another host, by file", running: true, url: other, file: " from-file \n", token: "from-file"},
		{name: "file before environment", running: true, url: other, environment: "env", file: "from-file", token: "from-file"},
		{name: "an empty file", running: true, url: other, environment: "env", file: "\n", fault: "one token"},
		{name: "a file of settings", running: true, url: other, file: "GLINT_SQL_USER=x\nGLINT_INGEST_TOKEN=y\n", fault: "one token"},
		{name: "the running one, by environment", running: true, environment: "env", token: "env", runs: true},
		{name: "none runs", fault: "glint is not running"},
		{name: "none runs, another host", url: other, environment: "env", token: "env"},
		{name: "none runs, no token", url: own, fault: "needs the token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := home.Home(filepath.Join(t.TempDir(), "home"))
			if err := h.Make(); err != nil {
				t.Fatal(err)
			}
			if _, err := h.Credentials(false); err != nil {
				t.Fatal(err)
			}
			credentials, err := home.ReadCredentials(h.CredentialsFile())
			if err != nil {
				t.Fatal(err)
			}
			if c.running {
				if err := h.WriteState(home.State{Ingest: own, Credentials: h.CredentialsFile()}); err != nil {
					t.Fatal(err)
				}
			}
			at := IngestAt{URL: c.url}
			if c.file != "" {
				at.TokenFile = filepath.Join(t.TempDir(), "token")
				if err := os.WriteFile(at.TokenFile, []byte(c.file), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			a := &App{Home: h, Getenv: func(name string) string { return map[string]string{"GLINT_INGEST_TOKEN": c.environment}[name] }}
			got, err := a.Ingest(at)
			if c.fault != "" {
				if err == nil || !strings.Contains(err.Error(), c.fault) {
					t.Fatalf("%+v, error %v, want %q", got, err, c.fault)
				}
				return
			}
			want := c.token
			if want == "home" {
				want = credentials.IngestToken
			}
			if err != nil || got.Token != want {
				t.Fatalf("token %q, %v; want %q", got.Token, err, want)
			}
			if runs := c.runs || c.url == "" && c.running; got.Running != runs || got.Poster("").Direct != runs {
				t.Errorf("running %v, want %v", got.Running, runs)
			}
		})
	}
}
