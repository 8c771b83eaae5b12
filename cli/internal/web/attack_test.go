package web

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestOneOfManyAtOnceIsSignedInByALink(t *testing.T) {
	w := newWorld(t)
	link := w.link(Owner)
	var in atomic.Int32
	var all sync.WaitGroup
	for range 40 {
		all.Go(func() {
			client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			response, err := client.Get(w.URL() + link)
			if err != nil {
				t.Error(err)
				return
			}
			_ = response.Body.Close()
			if response.StatusCode == http.StatusSeeOther {
				in.Add(1)
			}
		})
	}
	all.Wait()
	if n := in.Load(); n != 1 {
		t.Errorf("%d of 40 are signed in by one link", n)
	}
}

// raw sends a request as it is, and returns what comes back.
func (w *world) raw(request string) (status int, header http.Header, body string) {
	w.t.Helper()
	conn, err := net.Dial("tcp", w.listener.Addr().String())
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(patience)) // works on every TCP connection
	if _, err := io.WriteString(conn, request); err != nil {
		w.t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		w.t.Fatalf("%.80q: %v", request, err)
	}
	text, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatalf("%.80q: %v", request, err)
	}
	return response.StatusCode, response.Header, string(text)
}

// TestNoPathLeadsAViewerToRecipients writes the path of recipients in ways that a mux
// and a check of roles could read differently.
func TestNoPathLeadsAViewerToRecipients(t *testing.T) {
	w := newWorld(t)
	viewer, owner := w.in(Viewer), w.in(Owner)
	for _, path := range []string{
		"/campaigns/1/recipients", "/campaigns/1/recipients/", "//campaigns/1/recipients", "/campaigns//1/recipients", "/campaigns/./1/recipients",
		"/live/../campaigns/1/recipients", "/campaigns/1%2frecipients", "/campaigns/1/%72ecipients", "/campaigns/1/recipients%00", "/campaigns/1/RECIPIENTS",
		"/campaigns/1/recipients;x", "/campaigns/1/recipients?list=all", "/campaigns/1?recipients", "/campaigns/1/recipients#",
		"/campaigns/1\\recipients", "/campaigns/0x1/recipients", "/campaigns/+1/recipients", "/campaigns/%31/recipients",
	} {
		for _, method := range []string{"GET", "POST", "OPTIONS"} {
			request := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nX-Forwarded-User: owner\r\nX-HTTP-Method-Override: GET\r\nX-Original-URL: /campaigns/1/recipients\r\nCookie: %s=%s\r\n\r\n",
				method, path, w.listener.Addr(), w.cookie, viewer)
			status, header, body := w.raw(request)
			if strings.Contains(body, "@example.com") || strings.Contains(header.Get("Location"), "//") {
				t.Errorf("%s %s: %d, to %q, with recipients %v", method, path, status, header.Get("Location"), strings.Contains(body, "@example.com"))
			}
			if status != http.StatusBadRequest && header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s %s: %d may be kept: %v", method, path, status, header)
			}
		}
	}
	// The same for two sessions at once: neither raises the other.
	for _, cookies := range []string{viewer + "; " + w.cookie + "=" + owner, strings.Repeat("x; "+w.cookie+"=", 100) + viewer} {
		status, _, _ := w.raw(fmt.Sprintf("GET /campaigns/1/recipients HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nCookie: %s=%s\r\n\r\n", w.listener.Addr(), w.cookie, cookies))
		if status != http.StatusForbidden {
			t.Errorf("two cookies: %d", status)
		}
	}
}

func TestHostsOfOthersAreRefused(t *testing.T) {
	w := newWorld(t)
	cookie := w.in(Owner)
	for _, host := range []string{
		"evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "127.0.0.1@evil.example", "evil.example:80", "localhost.", "[::ffff:192.0.2.1]", "0.0.0.0",
		"pages.example.com.evil.example", "xpages.example.com", "2130706433", "0x7f.1", "127.1", " ", "localhost:80:80",
	} {
		for _, target := range []string{"/", "http://" + host + "/"} {
			status, _, body := w.raw(fmt.Sprintf("GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nCookie: %s=%s\r\n\r\n", target, host, w.cookie, cookie))
			if status != http.StatusMisdirectedRequest && status != http.StatusBadRequest || strings.Contains(body, "campaign 2") {
				t.Errorf("host %q, target %s: %d", host, target, status)
			}
		}
	}
	for name, head := range map[string]string{
		"none": "GET / HTTP/1.0\r\n", "empty": "GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n", "two": "GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n",
		"another target": "GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n",
	} {
		if status, _, body := w.raw(head + "Cookie: " + w.cookie + "=" + cookie + "\r\n\r\n"); status < 400 || strings.Contains(body, "campaign 2") {
			t.Errorf("host %s: %d", name, status)
		}
	}
}

// TestManyStreamsLeaveRoomForPages opens 200 streams, and as many connections that send
// half a request.
func TestManyStreamsLeaveRoomForPages(t *testing.T) {
	w := newWorld(t)
	var taken, refused int
	for n := range 200 {
		cookie := w.sessions.begin(Viewer)
		if n%2 == 0 {
			cookie = w.in(Viewer)
		}
		r, err := http.NewRequestWithContext(t.Context(), "GET", w.URL()+"/live/events", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.AddCookie(&http.Cookie{Name: w.cookie, Value: cookie})
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = response.Body.Close() })
		switch response.StatusCode {
		case http.StatusOK:
			taken++
		case http.StatusServiceUnavailable:
			refused++
			_ = response.Body.Close() // to use its connection again
		}
	}
	if taken != maxStreams || refused != 200-maxStreams {
		t.Errorf("%d streams are taken, %d refused", taken, refused)
	}
	for range 300 {
		conn, err := net.Dial("tcp", w.listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: ") // it may be closed already
	}
	cookie := w.sessions.begin(Owner)
	for late := time.Now().Add(patience); ; {
		r, err := http.NewRequestWithContext(t.Context(), "GET", w.URL()+"/", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.AddCookie(&http.Cookie{Name: w.cookie, Value: cookie})
		client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
		response, err := client.Do(r)
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(late) {
			t.Fatalf("no page comes any more: %v", err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}
