package send

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/edge/classify"
	"glint/edge/pixel"
	"glint/edge/token"
)

// player is a program that fetches pixels, with its request headers and network.
type player struct {
	name      string
	about     string
	userAgent string
	headers   [][2]string
	network   string
	asNumber  uint32
}

// players are the programs of `glint send test`, with the user agents that they send.
var players = []player{
	{"thunderbird", "a person in Thunderbird", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.3.0", nil, "none", 7922},
	{"outlook", "a person in Outlook for Windows", "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Win64; x64; Trident/7.0; .NET4.0C; .NET4.0E; ms-office; MSOffice 16)", nil, "none", 3320},
	{"gmail", "Gmail's image proxy, when a person opens the mail", "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)", nil, "none", 15169},
	{"yahoo", "Yahoo's image proxy, when a person opens the mail", "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html", nil, "none", 36646},
	{"apple", "Apple Mail Privacy Protection, whether or not a person opens the mail", "Mozilla/5.0", nil, "apple_relay", 36183},
	{"webmail", "a person in a browser", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36", [][2]string{{"Sec-Fetch-Dest", "image"}, {"Sec-Fetch-Mode", "no-cors"}, {"Accept-Language", "en-US,en;q=0.9"}}, "none", 2856},
	{"scanner", "a mail gateway that looks at images", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36", nil, "scanner:eop", 8075},
	{"library", "a program", "python-requests/2.32.3", nil, "none", 24940},
}

// countsAs returns how a report counts an open of a class.
func countsAs(class classify.Class, reason string) string {
	switch {
	case class == classify.HumanDirect || class == classify.ProxyHuman:
		return "a person's open: it counts"
	case strings.HasPrefix(reason, "apple_m"):
		return "may hide an open: counted as Apple Mail only"
	case class == classify.Unknown:
		return "unknown: counted as unknown only"
	}
	return "a machine's fetch: no person's open"
}

func newTestCmd(a *app.App) *cobra.Command {
	names := make([]string, len(players))
	for i, p := range players {
		names[i] = p.name
	}
	cmd := &cobra.Command{
		Use:   "test PIXEL_URL",
		Short: "Fetch a pixel as a mail client does, and print how it counts",
		Long: `Fetches the pixel as the client named by --as does, and prints the class of the open and the reason: from this machine's
network, and as it would be from the client's own network, which cannot be imitated. The fetch is real: it is an open of
that message. Register a message with --test to keep it out of the numbers. A URL that names no message is not fetched.`,
		Example: "  glint send test https://pixel.example.com/o/TOKEN.gif --as gmail",
		Args:    app.OneArg("pixel's URL"),
	}
	as := app.ChoiceFlag(cmd, "as", "client to imitate", names...)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		u, err := url.Parse(args[0])
		if err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" {
			return app.UsageOf(cmd, errors.New("the argument is no URL of a pixel"))
		}
		if err := checkNamesMessage(a, u); err != nil {
			return err
		}
		i := slices.IndexFunc(players, func(p player) bool { return p.name == as.String() })
		return players[i].play(cmd.Context(), a, u)
	}
	return cmd
}

// checkNamesMessage returns an error if no open of the URL counts: the pixel
// answers every URL with the image, also one whose token was cut or changed.
func checkNamesMessage(a *app.App, u *url.URL) error {
	const register = "a pixel_url as glint send register wrote it"
	target := u.RequestURI()
	if !pixel.MayHaveMessage(target) {
		return app.Try(errors.New("the URL names no message: it has no whole token, so an open of it does not count"), register)
	}
	if !token.HasToken(target) {
		return nil
	}
	ring, err := a.Home.RingOrNone()
	if err != nil {
		return err
	}
	switch _, err := ring.Find(target); {
	case err == nil:
	case len(ring.Keys()) == 0 || errors.Is(err, token.ErrUnknownKey):
		fmt.Fprintln(a.Err, "note: the key of the URL's token is not here, so it is not checked that the token is unchanged")
	default:
		return app.Try(fmt.Errorf("no key of this home signed the URL's token, so an open of it does not count: %w", err), register)
	}
	return nil
}

// header returns the headers of the player's request, all that the client sends.
func (p *player) header() http.Header {
	h := http.Header{"User-Agent": {p.userAgent}, "Accept-Encoding": {"gzip"}}
	for _, pair := range p.headers {
		h.Set(pair[0], pair[1])
	}
	return h
}

// judge returns the verdict on the player's request from a network.
func (p *player) judge(network string, asNumber uint32) classify.Verdict {
	r := classify.Request{Method: http.MethodGet, UserAgent: p.userAgent, Network: network, ASNumber: asNumber, Protocol: "HTTP/1.1"}
	for name, values := range p.header() {
		r.Headers |= classify.HeaderFact(name, values[0])
		r.Signals |= classify.Signal(name, values[0])
	}
	return classify.Judge(&r)
}

// play fetches the pixel and prints the verdict on the fetch.
func (p *player) play(ctx context.Context, a *app.App, u *url.URL) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return fmt.Errorf("fetch the pixel: %w", err)
	}
	request.Header = p.header()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err // the outer error contains the URL, which belongs to a recipient
		}
		return fmt.Errorf("fetch the pixel: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	size, err := io.Copy(io.Discard, io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("fetch the pixel: %w", err)
	}
	kind := response.Header.Get("Content-Type")
	if response.StatusCode != http.StatusOK || !strings.HasPrefix(kind, "image/") {
		return app.Try(fmt.Errorf("the address answers %s, %s: no image", response.Status, output.Safe(kind)), "a pixel_url as glint send register wrote it")
	}
	fmt.Fprintf(a.Err, "fetched %s of %s as %s\n", output.Plural(int(size), "byte", "bytes"), output.Safe(kind), p.about)
	t := output.NewTable("FETCHED", "CLASS", "REASON", "IN A REPORT")
	row := func(from string, v classify.Verdict) {
		t.Row(from, v.Class.String(), v.Reason, countsAs(v.Class, v.Reason))
	}
	row("from here", p.judge(classify.Network("", "", netip.IPv4Unspecified()), 0))
	row("from its own network", p.judge(p.network, p.asNumber))
	return t.Print(a.Out)
}
