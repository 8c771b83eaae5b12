package edge

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/edge/web"
)

// options are the parsed flags of the command.
type options struct {
	app          *app.App
	serviceID    string
	ingestURL    string // without a final slash
	version      string // "latest" or a number
	only         string // all, keys or web
	apply        bool
	dryRun       bool
	period       time.Duration
	maxBytes     int64
	maxEntries   int64
	precision    string
	setPrecision bool      // requested: an existing value is replaced
	signals      string    // "": not requested, an existing value stays
	sites        web.Sites // of the web pixel; none: the existing ones stay
	noVisitors   bool
	newSecrets   bool
	remove       bool
	archive      archive
	transport    http.RoundTripper // to Fastly's API and to ingest; nil: the usual one
}

// archive is the bucket of the second log endpoint; without a name there is no such endpoint.
type archive struct {
	bucket, domain, path, iamRole string
}

func newSetupCmd(a *app.App, run func(context.Context, *options) error) *cobra.Command {
	o := &options{app: a}
	cmd := &cobra.Command{
		Use:   "setup --service-id ID --ingest-url URL",
		Short: "Print, or with --apply run, the commands that prepare a Fastly service",
		Long: `Prints the commands that set up a Fastly Compute service for the edge program: a config store and a secret store named
glint, the pixel keys of $GLINT_HOME, the log endpoints, and the backend of the recipient's page. The output can be pasted
into a shell and needs the Fastly CLI. Nothing is changed without --apply.

--apply reads the current settings and changes those that are missing or differ. A second run changes nothing but the
pixel keys and the web pixel's secrets, which are sent each time. Stores and keys go through the Fastly CLI. Log endpoints
hold the ingest token, which that CLI accepts only on its command line, where other users of the machine can read it; so
log endpoints and the backend go directly to Fastly's API. Both sign in with $FASTLY_API_TOKEN. No version is activated:
the changes become live when you activate the version.

--only keys prepares the secret store alone: use it after each change of the key ring; the edge has the keys within
seconds. The edge can run without keys: then ingest alone verifies tokens; with them, its log lines mark bad tokens.

--site sends the edge all sites of the web pixel and of POST /e, and the secrets in $GLINT_HOME/web.env, which --apply
creates if they are missing; give glint up or glint serve the same sites. --only web does this alone: without --site it
sends the secrets again, with --new-secrets it makes new ones, and with --remove it deletes sites and secrets. A change in
a store reaches the edge within seconds.

The ingest token is $GLINT_INGEST_TOKEN, or else the one in $GLINT_HOME/credentials.env. The bucket's keys are
$GLINT_ARCHIVE_ACCESS_KEY and $GLINT_ARCHIVE_SECRET_KEY, unless --archive-iam-role is given.`,
		Example: "  glint edge setup --service-id SU1Z0isxPaozGVKXdv0eY --ingest-url https://ingest.example.com\n" +
			"  glint edge setup --service-id SU1Z0isxPaozGVKXdv0eY --ingest-url https://ingest.example.com --apply\n" +
			"  glint edge setup --service-id SU1Z0isxPaozGVKXdv0eY --only keys\n" +
			"  glint edge setup --service-id SU1Z0isxPaozGVKXdv0eY --only web --site docs=https://docs.example.com --apply",
		Args: app.NoArgs,
	}
	f := cmd.Flags()
	f.StringVar(&o.serviceID, "service-id", "", "id of the Fastly Compute service (required)")
	f.StringVar(&o.ingestURL, "ingest-url", "", "URL at which Fastly reaches ingest, such as https://ingest.example.com (required without --only)")
	f.StringVar(&o.version, "version", "latest", "service version to change: latest (cloned if it is in use), or the number of a draft")
	f.BoolVar(&o.apply, "apply", false, "run the commands")
	f.BoolVar(&o.dryRun, "dry-run", false, "print the commands only; this is the default")
	f.DurationVar(&o.period, "period", 5*time.Second, "interval of Fastly's posts, in whole seconds")
	f.Int64Var(&o.maxBytes, "request-max-bytes", 16<<20, "maximum size of one post in bytes, before compression; ingest refuses more than 128 MiB")
	f.Int64Var(&o.maxEntries, "request-max-entries", 10_000, "maximum number of lines in one post")
	f.StringVar(&o.archive.bucket, "archive-bucket", "", "S3 bucket that receives a copy of each line (default: no archive)")
	f.StringVar(&o.archive.domain, "archive-domain", "s3.amazonaws.com", "host of the bucket's S3 interface")
	f.StringVar(&o.archive.path, "archive-path", "opens/", "path in the bucket")
	f.StringVar(&o.archive.iamRole, "archive-iam-role", "", "AWS role that Fastly assumes, instead of keys")
	precision := app.ChoiceFlag(cmd, "ip-precision", "precision of the addresses in events; without this flag an existing setting stays",
		"truncated", "full", "none")
	signals := app.ChoiceFlag(cmd, "privacy-signals", "treatment of requests with DNT: 1 or Sec-GPC: 1, as for glint up; without this flag an existing setting stays",
		"ignore", "aggregate", "off")
	only := app.ChoiceFlag(cmd, "only", "part to set up", "all", "keys", "web")
	sites := f.StringArray("site", nil, "site of the web pixel, as for glint up; replaces all sites at the edge; repeatable (default: they stay)")
	f.BoolVar(&o.noVisitors, "no-visitors", false, "do not distinguish the visitors of a site: no visitor secret at the edge")
	f.BoolVar(&o.newSecrets, "new-secrets", false, "make new secrets of the web pixel; today's visitors count as new ones, and servers need the new events token")
	f.BoolVar(&o.remove, "remove", false, "delete the web pixel's sites and secrets from the edge")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		o.only = only.String()
		o.precision, o.setPrecision = precision.String(), cmd.Flags().Changed("ip-precision")
		if cmd.Flags().Changed("privacy-signals") {
			o.signals = signals.String()
		}
		if err := errors.Join(append(o.checkWeb(*sites), o.check())...); err != nil {
			return app.UsageOf(cmd, err)
		}
		return run(cmd.Context(), o)
	}
	return cmd
}

// serviceIDs matches ids as Fastly makes them: letters and digits, 22 or slightly fewer.
var serviceIDs = regexp.MustCompile(`^[0-9A-Za-z]{18,24}$`)

// check returns all faults of the flags at once.
func (o *options) check() error {
	var faults []error
	fault := func(text string) { faults = append(faults, errors.New(text)) }
	switch {
	case o.serviceID == "":
		fault("--service-id is missing")
	case !serviceIDs.MatchString(o.serviceID):
		fault("--service-id is no id of a Fastly service, like SU1Z0isxPaozGVKXdv0eY")
	}
	if err := o.checkIngestURL(); err != nil && (o.only == "all" || o.ingestURL != "") {
		faults = append(faults, err)
	}
	if n, err := strconv.Atoi(o.version); o.version != "latest" && (err != nil || n < 1) {
		fault("--version is neither latest nor the number of a version")
	}
	if o.apply && o.dryRun {
		fault("--apply and --dry-run exclude each other")
	}
	if o.period < time.Second || o.period > time.Hour || o.period%time.Second != 0 {
		fault("--period is not a number of whole seconds from 1s to 1h")
	}
	if o.maxBytes < 1<<20 || o.maxBytes > 100<<20 {
		fault("--request-max-bytes is not between 1048576 and 104857600")
	}
	if o.maxEntries < 1 || o.maxEntries > 1_000_000 {
		fault("--request-max-entries is not between 1 and 1000000")
	}
	if a := o.archive; output.Safe(a.bucket+a.domain+a.path+a.iamRole) != a.bucket+a.domain+a.path+a.iamRole {
		fault("an --archive flag has control characters")
	}
	if o.archive.bucket == "" && o.archive.iamRole != "" {
		fault("--archive-iam-role needs --archive-bucket")
	}
	return errors.Join(faults...)
}

// checkIngestURL returns an error unless the URL is the root of a host, since Fastly fetches the challenge
// there.
func (o *options) checkIngestURL() error {
	if o.ingestURL == "" {
		return errors.New("--ingest-url is missing")
	}
	u, err := url.Parse(strings.TrimSuffix(o.ingestURL, "/"))
	switch {
	case err != nil || u.Hostname() == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return errors.New("--ingest-url must be like https://ingest.example.com, without a path")
	case u.Scheme != "https":
		return errors.New("--ingest-url must begin with https://, since Fastly posts only over https")
	}
	o.ingestURL = u.String()
	return nil
}

func runSetup(ctx context.Context, o *options) error {
	if o.apply {
		return o.applyAll(ctx)
	}
	if err := o.checkWebFile(); err != nil {
		return err
	}
	if o.only == "keys" {
		keys, err := o.app.Home.ReadKeys()
		if err == nil && len(keys) == 0 {
			err = app.Try(errors.New("there are no keys yet"), "glint keys new")
		}
		if err != nil {
			return err
		}
	}
	return o.writeScript(o.app.Out)
}
