// Package doctor is `glint doctor`: it checks a deployed pixel and ingest from
// outside, as mail clients and Fastly see them.
//
// It finds faults of the deployment: a cache in front of the pixel, a redirect, an
// expiring certificate, an unanswered challenge, an open that does not arrive. It
// does not measure load, and does not inspect the service.
package doctor

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
)

// options are the parsed arguments and flags of the command.
type options struct {
	app        *app.App
	pixel      *url.URL
	ingest     *url.URL // nil: not checked
	serviceID  string
	noTestOpen bool
	campaign   string
	dsn        string
	timeout    time.Duration
	format     string
	roots      *x509.CertPool // trusted for certificates; nil: the system's
	patience   time.Duration  // timeout of one request
	now        func() time.Time
}

func newOptions(a *app.App) *options {
	return &options{app: a, patience: requestPatience, now: time.Now}
}

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command { return newCmd(newOptions(a), run) }

func newCmd(o *options, run func(context.Context, *options) error) *cobra.Command {
	var ingest string
	cmd := &cobra.Command{
		Use:   "doctor URL",
		Short: "Check a deployed pixel and ingest from outside; exit code 3 if something is wrong",
		Long: `Checks the pixel at URL as a mail client sees it: name, certificate, image, headers, malformed requests. With
--ingest-url it checks ingest as Fastly sees it: readiness, challenge, authentication. Then it registers one message in the
campaign glint-doctor (--campaign), to a recipient that does not exist, fetches its pixel and waits until the open is in
the warehouse; --no-test-open skips that. It also checks that the edge logs no more than a token's privacy mode allows,
and records the result in $GLINT_HOME, so that glint send register can issue URLs with such modes.

Each run leaves a registered message and an open in that campaign, and some requests with made-up tokens in the table
bad_tokens. The test open needs glint's home and the warehouse, as glint send register does. Plain http is a warning on
this machine, and a failure elsewhere.`,
		Example: "  glint doctor https://pixel.example.com --ingest-url https://ingest.example.com --service-id SU1Z0isxPaozGVKXdv0eY\n" +
			"  glint doctor http://127.0.0.1:8701 --ingest-url http://127.0.0.1:8702",
		Args: app.OneArg("URL of the pixel, like https://pixel.example.com"),
	}
	f := cmd.Flags()
	f.StringVar(&ingest, "ingest-url", "", "URL at which Fastly reaches ingest, such as https://ingest.example.com (default: ingest is not checked)")
	f.StringVar(&o.serviceID, "service-id", "", "Fastly service that the challenge must admit")
	f.BoolVar(&o.noTestOpen, "no-test-open", false, "skip the test open: register no message")
	f.StringVar(&o.campaign, "campaign", "glint-doctor", "campaign of the test open")
	f.DurationVar(&o.timeout, "timeout", time.Minute, "maximum wait for the test open")
	format := app.ChoiceFlag(cmd, "format", "output format", "table", "json")
	app.WarehouseFlag(cmd, &o.dsn)
	app.IngestURLIsIngest(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o.format = format.String()
		if err := o.check(args[0], ingest); err != nil {
			return app.UsageOf(cmd, err)
		}
		return run(cmd.Context(), o)
	}
	return cmd
}

func (o *options) check(pixel, ingest string) error {
	var faults []error
	var err error
	if o.pixel, err = root(pixel); err != nil {
		faults = append(faults, fmt.Errorf("the pixel's URL %w", err))
	}
	if ingest != "" {
		if o.ingest, err = root(ingest); err != nil {
			faults = append(faults, fmt.Errorf("--ingest-url %w", err))
		}
	}
	if o.serviceID != "" && o.ingest == nil {
		faults = append(faults, errors.New("--service-id needs --ingest-url"))
	}
	if o.timeout <= 0 {
		faults = append(faults, errors.New("--timeout is not above zero"))
	}
	if o.campaign == "" || len(o.campaign) > 200 || output.Safe(o.campaign) != o.campaign {
		faults = append(faults, errors.New("--campaign is empty, or has control characters or more than 200 bytes"))
	}
	return errors.Join(faults...)
}

// root parses the URL of a host's root; it returns an error if the URL has a path.
func root(text string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSuffix(text, "/"))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" ||
		u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, errors.New("must be like https://host.example.com, without a path")
	}
	return u, nil
}

// run makes the checks in the order in which a fault would propagate.
func run(ctx context.Context, o *options) error {
	r := newChart(o)
	reached := o.checkPixel(ctx, r)
	if o.ingest == nil {
		r.add(warn, "ingest", "not checked; --ingest-url URL checks it")
	} else {
		o.checkIngest(ctx, r)
	}
	if !o.noTestOpen && reached && ctx.Err() == nil {
		if o.checkTestOpen(ctx, r) {
			o.checkModes(ctx, r)
			o.checkPolicy(r)
		}
	}
	if ctx.Err() != nil {
		return ctx.Err() // a cancelled context fails every later check
	}
	if err := r.finish(); err != nil {
		return err
	}
	if n := r.failed(); n > 0 {
		return app.Problem(errors.New(output.Plural(n, "check", "checks")+" failed"), "fix the first FAIL; later ones may follow from it")
	}
	return nil
}
