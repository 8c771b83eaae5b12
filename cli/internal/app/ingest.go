package app

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"glint/cli/internal/home"
	"glint/ingest/logstream"
)

// IngestAt is the ingest that a command posts to, by its flags.
type IngestAt struct {
	URL       string // "": the running glint's
	TokenFile string // that has its token; "": $GLINT_INGEST_TOKEN
}

// Ingest is where log lines are posted.
type Ingest struct {
	URL     string
	Token   string
	Running bool // it is the running instance's
}

// IngestFlags adds --ingest-url and --ingest-token-file to a client command.
func IngestFlags(cmd *cobra.Command, at *IngestAt) {
	cmd.Flags().StringVar(&at.URL, "ingest-url", "",
		"ingest to post to, with its token in $GLINT_INGEST_TOKEN or --ingest-token-file (default: the running glint's)")
	cmd.Flags().StringVar(&at.TokenFile, "ingest-token-file", "", "file that holds the ingest token and nothing else")
}

// Ingest decides where lines go and which token goes with them; nothing else in
// glint does for a client command. The token of the home goes to the ingest that
// the running instance has written down as its own, and only if no address is
// given: any address gets the token that was given with it, in the environment or
// a file.
func (a *App) Ingest(at IngestAt) (Ingest, error) {
	token, err := a.givenToken(at.TokenFile)
	if err != nil {
		return Ingest{}, err
	}
	state, notRunning := a.Running()
	if at.URL != "" {
		if err := checkIngestURL(at.URL); err != nil {
			return Ingest{}, Usage(err)
		}
		if token == "" {
			return Ingest{}, UsageTry(errors.New("--ingest-url needs the token of that ingest"), "put it into $GLINT_INGEST_TOKEN")
		}
		return Ingest{URL: at.URL, Token: token, Running: notRunning == nil && sameService(at.URL, state.Ingest)}, nil
	}
	if notRunning != nil {
		return Ingest{}, notRunning
	}
	if token == "" {
		c, err := home.ReadCredentials(state.Credentials)
		if err != nil {
			return Ingest{}, err
		}
		token = c.IngestToken
	}
	return Ingest{URL: state.Ingest, Token: token, Running: true}, nil
}

// Poster returns what posts there.
func (i *Ingest) Poster(query string) *logstream.Poster {
	p := logstream.NewPoster(i.URL, i.Token, query)
	p.Direct = i.Running
	return p
}

func (a *App) givenToken(file string) (string, error) {
	if file == "" {
		return a.Getenv("GLINT_INGEST_TOKEN"), nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read the ingest token: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" || strings.ContainsAny(token, " \t\r\n") {
		return "", Usage(fmt.Errorf("%s does not hold one token and nothing else", file))
	}
	return token, nil
}

// checkIngestURL returns what is wrong with the address of an ingest.
func checkIngestURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("--ingest-url must be like https://ingest.example.com")
	}
	return nil
}

// sameService reports whether two URLs are of the same scheme, host and port.
func sameService(a, b string) bool {
	x, errX := url.Parse(a)
	y, errY := url.Parse(b)
	return errX == nil && errY == nil && y.Host != "" && x.Scheme == y.Scheme &&
		strings.EqualFold(x.Hostname(), y.Hostname()) && port(x) == port(y)
}

func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	return map[string]string{"http": "80", "https": "443"}[u.Scheme]
}
