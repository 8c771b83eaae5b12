package classify

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"glint/cli/internal/app"
	"glint/cli/internal/home"
	"glint/edge/classify"
	"glint/ingest/ignore"
)

// ask runs the command as it is, but for what it does, and returns the options.
func ask(t *testing.T, args ...string) (got *options, err error) {
	t.Helper()
	cmd := newCmd(&app.App{In: strings.NewReader(""), Out: io.Discard, Home: home.Home(t.TempDir())}, func(_ context.Context, o *options) error {
		got = o
		return nil
	})
	cmd.SetArgs(append([]string{}, args...)) // nil means those of the test binary
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	return got, cmd.ExecuteContext(t.Context())
}

func TestFlagsDescribeARequest(t *testing.T) {
	o, err := ask(t, "--user-agent", "U", "--ip", "192.0.2.1", "--as-number", "4294967295", "--proxy-type", "hosting", "--proxy-description", "cloud",
		"--method", "HEAD", "--referer", "https://Mail.Example.com:443/x", "--header", "SEC-FETCH-DEST: image", "--header", "accept:image/*, b",
		"--sent-at", "2026-11-21T09:00:00Z", "--opened-at", "2026-11-21T10:30:00.5+01:00")
	if err != nil || !o.one || o.explain {
		t.Fatalf("%+v, %v", o, err)
	}
	want := classify.Request{
		UserAgent: "U", Method: "HEAD", RefererHost: "mail.example.com", ASNumber: 4294967295, ProxyType: "hosting", ProxyDescription: "cloud",
		Network: "hosting", Headers: classify.DestImage | classify.AcceptPresent | classify.AcceptImageFirst,
		SinceSend: 30*time.Minute + 500*time.Millisecond, SentKnown: true,
	}
	o.flags.input.complete(&o.known.Book)
	if diff := cmp.Diff(want, o.flags.input.request); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
}

func TestAnyFactInAFlagMeansOneRequest(t *testing.T) {
	for _, c := range []struct {
		args []string
		one  bool
	}{
		{nil, false},
		{[]string{"--explain"}, false},
		{[]string{"--explain", "--user-agent", ""}, true},
		{[]string{"--network", "none"}, true},
		{[]string{"--network", "scanner:mimecast"}, true},
		{[]string{"--header", "Accept: */*"}, true},
	} {
		if o, err := ask(t, c.args...); err != nil || o.one != c.one {
			t.Errorf("%q: %+v, %v", c.args, o, err)
		}
	}
}

func TestFaultyFlagsAreNamed(t *testing.T) {
	for _, c := range []struct{ flag, value string }{
		{"--ip", "not an address"},
		{"--as-number", "-1"},
		{"--as-number", "4294967296"},
		{"--as-number", "AS1"},
		{"--sent-at", "yesterday"},
		{"--opened-at", "17"},
		{"--network", "apple"},
		{"--network", "scanner:"},
		{"--header", "Accept"},
		{"--header", ": image"},
	} {
		if o, err := ask(t, c.flag, c.value); err == nil || !strings.Contains(err.Error(), c.flag) || o != nil {
			t.Errorf("%s %q gives %v", c.flag, c.value, err)
		}
	}
}

func TestPageIsSafeAndNarrow(t *testing.T) {
	long := strings.Repeat("word ", 60) + "\x1b[31m\u202e\n" + strings.Repeat("x", 300)
	text := page(&classify.Request{UserAgent: long, Network: "none", ProxyType: "\x07", RefererHost: "\x1b]0;title"}, "")
	if bytes.ContainsAny(text, "\x1b\x07\u202e") {
		t.Errorf("the page steers the terminal: %q", text)
	}
	for line := range strings.Lines(string(text)) {
		if len(line) > pageWidth+1 && strings.Count(line, "x") < 300 {
			t.Errorf("too wide: %q", line)
		}
	}
}

func TestOnesOwnMailIsToldBeforeTheRules(t *testing.T) {
	own, err := ignore.Parse("user_agent_contains Glorp\n")
	if err != nil {
		t.Fatal(err)
	}
	in := input{request: classify.Request{UserAgent: "Thunderbird/128 Glorp", Network: "none"}}
	o := &options{known: &known{own: own}}
	reason, ok := own.Match(in.address, in.request.UserAgent)
	if !ok {
		t.Fatal("the list does not name the client")
	}
	if got := string(o.answer(&in)); !strings.HasPrefix(got, `{"class":"not_image","reason":"`+reason+`",`) || !strings.Contains(got, `"client":"Thunderbird"`) {
		t.Errorf("answer %s", got)
	}
	o.explain = true
	if got := string(o.answer(&in)); !strings.HasPrefix(got, "not_image, by your own list: "+reason+"\n") || !strings.Contains(got, "human_direct, by rule") {
		t.Errorf("page %s", got)
	}
}
