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
	URL       string // "": the running instance's
	TokenFile string // file with its token; "": $GLINT_INGEST_TOKEN
}

// Ingest is an ingest service with its token.
type Ingest struct {
	URL     string
	Token   string
	Running bool // it belongs to the running instance
}

// IngestFlags adds --ingest-url and --ingest-token-file to a client command.
func IngestFlags(cmd *cobra.Command, at *IngestAt) {
	cmd.Flags().StringVar(&at.URL, "ingest-url", "",
		"ingest to post to, with its token in $GLINT_INGEST_TOKEN or --ingest-token-file (default: the running glint's)")
	cmd.Flags().StringVar(&at.TokenFile, "ingest-token-file", "", "file that contains only the ingest token")
}

// Ingest returns the ingest service and the token for a client command; no
// other code chooses them. The home's token is sent only to the ingest recorded
// by the running instance, and only if no address is given: any other address
// gets the token given with it, in the environment or a file.
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

// Poster returns a poster for that ingest.
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
		return "", Usage(fmt.Errorf("%s must contain one token and nothing else", file))
	}
	return token, nil
}

// checkIngestURL returns an error for an invalid address of an ingest.
func checkIngestURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("--ingest-url must be like https://ingest.example.com")
	}
	return nil
}

// sameService reports whether two URLs have the same scheme, host and port.
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
