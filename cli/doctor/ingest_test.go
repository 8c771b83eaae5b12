package doctor

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"glint/cli/edge/challenge"
	"glint/cli/internal/app"
)

const serviceID = "SU1Z0isxPaozGVKXdv0eY"

// ingest is one that admits the service, with the answers of some paths
// replaced.
func ingest(replaced map[string]http.HandlerFunc) http.Handler {
	routes := map[string]http.HandlerFunc{
		"/healthz":     func(http.ResponseWriter, *http.Request) {},
		"/readyz":      func(http.ResponseWriter, *http.Request) {},
		challenge.Path: say("text/plain", challenge.Line("other")+"\n"+challenge.Line(serviceID)+"\n"),
		"/v1/logs":     refuse(http.StatusUnauthorized),
	}
	for path, h := range replaced {
		routes[path] = h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h, there := routes[r.URL.Path]; there {
			h(w, r)
			return
		}
		http.NotFound(w, r)
	})
}

func TestFaultsOfAnIngestAreFound(t *testing.T) {
	service := []string{"--service-id", serviceID}
	for _, c := range []struct {
		name     string
		flags    []string
		replaced map[string]http.HandlerFunc
		want     map[string]string
	}{
		{"none", service, nil, nil},
		{"any service", service, map[string]http.HandlerFunc{challenge.Path: say("text/plain", "*\n")}, nil},
		{"services, and none to look for", nil, nil, map[string]string{"warn ingest challenge": "admits 2 services"}},
		{
			"another service", service,
			map[string]http.HandlerFunc{challenge.Path: say("text/plain", challenge.Line("other"))},
			map[string]string{"FAIL ingest challenge": "does not admit"},
		},
		{"no challenge", service, map[string]http.HandlerFunc{challenge.Path: http.NotFound}, map[string]string{"FAIL ingest challenge": "status 404"}},
		{"an empty challenge", service, map[string]http.HandlerFunc{challenge.Path: say("text/plain", "")}, map[string]string{"FAIL ingest challenge": "empty"}},
		{
			"a challenge that moved", service,
			map[string]http.HandlerFunc{challenge.Path: http.RedirectHandler("/elsewhere", http.StatusMovedPermanently).ServeHTTP},
			map[string]string{"FAIL ingest challenge": "status 301"},
		},
		{"not alive", service, map[string]http.HandlerFunc{"/healthz": http.NotFound}, map[string]string{"FAIL ingest /healthz": "status 404"}},
		{"not ready", service, map[string]http.HandlerFunc{"/readyz": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprint(w, "the warehouse\x1b[2J is away\n")
		}}, map[string]string{"FAIL ingest /readyz": "not ready: the warehouse\ufffd[2J is away"}},
		{
			"open to all", service,
			map[string]http.HandlerFunc{"/v1/logs": func(http.ResponseWriter, *http.Request) {}},
			map[string]string{"FAIL ingest token": "any client can send opens"},
		},
		{"not ingest", service, map[string]http.HandlerFunc{"/v1/logs": http.NotFound}, map[string]string{"FAIL ingest token": "status 404"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPatient(t)
			args := append([]string{p.pixel(t, nil), "--no-test-open", "--ingest-url", p.serve(t, "127.0.0.1:0", ingest(c.replaced))}, c.flags...)
			code := p.run(t, args...)
			p.compare(t, c.want, code)
			if strings.Count(p.stdout.String(), "\n") != 16 {
				t.Errorf("not 16 checks:\n%s", &p.stdout)
			}
		})
	}
}

func TestIngestOutOfReachIsOneFailure(t *testing.T) {
	p := newPatient(t)
	code := p.run(t, p.pixel(t, nil), "--no-test-open", "--ingest-url", "https://ingest.invalid")
	if _, there := p.findings(t)["FAIL ingest name"]; !there || code != app.ExitProblem {
		t.Errorf("exit code %d:\n%s", code, &p.stdout)
	}
}
