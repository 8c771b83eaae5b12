package app

import (
	"errors"

	"github.com/spf13/cobra"

	"glint/cli/home"
)

// Ingest is where log lines are posted.
type Ingest struct {
	URL     string
	Token   string
	Running bool // it is the running instance's
}

// IngestFlag adds --ingest-url to a client command.
func IngestFlag(cmd *cobra.Command, url *string) {
	cmd.Flags().StringVar(url, "ingest-url", "",
		"ingest to post to, with its token in $GLINT_INGEST_TOKEN (default: the running glint's)")
}

// Ingest returns the ingest at url with the token of the environment or, if url
// is empty, that of the running instance. Its token goes nowhere else.
func (a *App) Ingest(url string) (Ingest, error) {
	token := a.Getenv("GLINT_INGEST_TOKEN")
	if url != "" {
		if token == "" {
			return Ingest{}, UsageTry(errors.New("--ingest-url needs the token of that ingest"), "put it into $GLINT_INGEST_TOKEN")
		}
		return Ingest{URL: url, Token: token}, nil
	}
	state, err := a.Running()
	if err != nil {
		return Ingest{}, err
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
