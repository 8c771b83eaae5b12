package networks

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// apple serves the list at /list, and what else a server may do.
func apple(t *testing.T) *httptest.Server {
	t.Helper()
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/list":
			_, _ = io.WriteString(w, appleList)
		case "/moved":
			http.Redirect(w, r, "/list", http.StatusFound)
		case "/around":
			http.Redirect(w, r, "/around", http.StatusFound)
		case "/elsewhere":
			http.Redirect(w, r, "https://example.com/list", http.StatusFound)
		case "/plain":
			http.Redirect(w, r, plain.URL+"/list", http.StatusFound)
		case "/large":
			for range maxListBytes/(1<<20) + 1 {
				_, _ = io.WriteString(w, strings.Repeat("#", 1<<20-1)+"\n")
			}
		case "/cut":
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, appleList)
		default:
			http.NotFound(w, r)
		}
	}))
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func TestFetch(t *testing.T) {
	s := apple(t)
	for _, path := range []string{"/list", "/moved"} {
		list, err := Fetch(t.Context(), s.Client().Transport, s.URL+path)
		if err != nil || string(list) != appleList {
			t.Errorf("%s: %q, %v", path, list, err)
		}
	}
}

func TestFetchRefuses(t *testing.T) {
	s := apple(t)
	for _, c := range []struct {
		name, address string
		want          error
	}{
		{"plain HTTP", strings.Replace(s.URL, "https", "http", 1) + "/list", ErrNotHTTPS},
		{"a file", "file:///etc/passwd", ErrNotHTTPS},
		{"no address", "list", ErrNotHTTPS},
		{"another host", s.URL + "/elsewhere", ErrRedirect},
		{"a way back to plain HTTP", s.URL + "/plain", ErrRedirect},
		{"a circle", s.URL + "/around", ErrRedirect},
		{"not found", s.URL + "/other", ErrNotServed},
		{"too large", s.URL + "/large", ErrTooLarge},
		{"cut off", s.URL + "/cut", io.ErrUnexpectedEOF},
	} {
		t.Run(c.name, func(t *testing.T) {
			if list, err := Fetch(t.Context(), s.Client().Transport, c.address); !errors.Is(err, c.want) || list != nil {
				t.Errorf("%d bytes, %v; want %v", len(list), err, c.want)
			}
		})
	}
}

func TestFetchChecksTheCertificate(t *testing.T) {
	if _, err := Fetch(t.Context(), nil, apple(t).URL+"/list"); err == nil {
		t.Error("taken from a server that nobody vouches for")
	}
}
