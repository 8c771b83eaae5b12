package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"glint/cli/edge/challenge"
	"glint/cli/internal/output"
)

// checkIngest checks ingest as Fastly sees it.
func (o *options) checkIngest(ctx context.Context, r *chart) {
	if !o.checkConnection(ctx, r, "ingest", o.ingest) {
		unreachable(r, "ingest")
		return
	}
	c, done := o.newClient(o.ingest)
	defer done()
	for _, path := range []string{"/healthz", "/readyz"} {
		x, err := c.do(ctx, http.MethodGet, path)
		if err == nil {
			err = x.status(http.StatusOK)
		}
		if err != nil && x != nil && x.StatusCode == http.StatusServiceUnavailable {
			err = fmt.Errorf("not ready: %s", shorten(strings.TrimSpace(string(x.body))))
		}
		r.say("ingest "+path, err, "status 200")
	}
	o.checkChallenge(ctx, r, c)
	checkAuthentication(ctx, r, c)
}

func (o *options) checkChallenge(ctx context.Context, r *chart, c *client) {
	const check = "ingest challenge"
	if c.silent {
		return
	}
	lines, err := challenge.Fetch(ctx, c.http, c.root.String())
	switch {
	case err != nil:
		r.add(fail, check, "%v", err)
	case slices.Contains(lines, challenge.Any):
		r.add(ok, check, "admits any service that knows the token")
	case o.serviceID == "":
		r.add(warn, check, "admits %s; --service-id ID checks whether yours is one", output.Plural(len(lines), "service", "services"))
	case challenge.Admits(lines, o.serviceID):
		r.add(ok, check, "admits the service %s", o.serviceID)
	default:
		r.add(fail, check, "does not admit the service %s; glint up --fastly-service %s", o.serviceID, o.serviceID)
	}
}

// checkAuthentication checks that ingest refuses a post without the token. It sends
// no lines, so an unprotected ingest stores nothing.
func checkAuthentication(ctx context.Context, r *chart, c *client) {
	x, err := c.do(ctx, http.MethodPost, "/v1/logs")
	if err == nil {
		err = x.status(http.StatusUnauthorized)
	}
	if err != nil && x != nil && x.StatusCode/100 == 2 {
		err = errors.New("takes lines without the token: any client can send opens")
	}
	r.say("ingest token", err, "refuses lines without it")
}
