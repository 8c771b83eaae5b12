package challenge

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
)

// TestLineIsTheDigestOfTheBareID pins the form; the digest is that of
// `printf %s SU1Z0isxPaozGVKXdv0eY | sha256sum`.
func TestLineIsTheDigestOfTheBareID(t *testing.T) {
	const want = "66b01d440c79400570c755aad9d589af5368719067c13fee58710a7198db2de8"
	if got := Line("SU1Z0isxPaozGVKXdv0eY"); got != want {
		t.Errorf("got %s", got)
	}
}

func TestPageIsReadAsFastlyReadsIt(t *testing.T) {
	for _, c := range []struct {
		name, page string
		status     int
		want       []string // nil: ErrAnswer
		admits     bool     // the service "x"
	}{
		{"the service's line", Line("x") + "\n", 200, []string{Line("x")}, true},
		{"among others, with Windows line ends", Line("y") + "\r\n" + Line("x"), 200, []string{Line("y"), Line("x")}, true},
		{"any", "*", 200, []string{"*"}, true},
		{"another service", Line("y") + "\n", 200, []string{Line("y")}, false},
		{"the id instead of its digest", "x\n", 200, []string{"x"}, false},
		{"empty", " \n", 200, nil, false},
		{"no page", Line("x"), 404, nil, false},
		{"another 2xx", Line("x"), 202, nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/.well-known/fastly/logging/challenge" || r.Method != http.MethodGet {
					t.Errorf("asked for %s %s", r.Method, r.URL)
				}
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.page)) // the client sees what is missing
			}))
			t.Cleanup(s.Close)
			got, err := Fetch(t.Context(), s.Client(), s.URL)
			if !slices.Equal(got, c.want) || errors.Is(err, ErrAnswer) != (c.want == nil) {
				t.Errorf("lines %q, error %v", got, err)
			}
			if Admits(got, "x") != c.admits {
				t.Errorf("admits: %v", !c.admits)
			}
		})
	}
}
