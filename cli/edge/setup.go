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

// options are what the command was asked.
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
	setPrecision bool      // asked for: an existing value is replaced
	signals      string    // "": not asked for, an existing value stays
	sites        web.Sites // of the web pixel; none: those that are there stay
	noVisitors   bool
	newSecrets   bool
	remove       bool
	archive      archive
	transport    http.RoundTripper // to Fastly's API and to ingest; nil: the usual one
}

// archive is the bucket of the second log endpoint; it has none without a name.
type archive struct {
	bucket, domain, path, iamRole string
}

func newSetupCmd(a *app.App, run func(context.Context, *options) error) *cobra.Command {
	o := &options{app: a}
	cmd := &cobra.Command{
		Use:   "setup --service-id ID --ingest-url URL",
		Short: "Print, or with --apply run, the commands that prepare a Fastly service",
		Long: `Prints the commands that give a Fastly Compute service what the edge program uses: a config store and a secret store
named glint, the pixel keys of $GLINT_HOME, the log endpoints, and the backend from which the recipient's page comes.
The output can be pasted into a shell, and needs the Fastly CLI. Nothing is changed without --apply.

--apply looks what is there, and does what is missing or differs; a second run changes nothing but the pixel keys and
the web pixel's secrets, which are sent each time. Stores and keys go through the Fastly CLI. Log endpoints hold the
ingest token, and that CLI takes it on its command line only, which other users of the machine can read; so they go to
Fastly's API directly, and the backend too. Both sign in with $FASTLY_API_TOKEN. No version is activated: what changed
becomes live when you activate it.

With --only keys it prepares the secret store alone: the keys after each change of the ring, which the edge has within
seconds. The edge needs no keys: without them ingest alone checks tokens; with them its log says which tokens are bad.

--site gives the edge the sites of the web pixel and of POST /e, all of them at once, and the secrets in
$GLINT_HOME/web.env, which --apply makes where they are missing; give glint up or serve the same sites. --only web does
that alone: without --site it sends the secrets again, with --new-secrets new ones, and with --remove it takes sites and
secrets away. The edge has what changed in a store within seconds.

The ingest token is $GLINT_INGEST_TOKEN, else the one in $GLINT_HOME/credentials.env. The bucket's keys are
$GLINT_ARCHIVE_ACCESS_KEY and $GLINT_ARCHIVE_SECRET_KEY, unless --archive-iam-role is given.`,
		Example: "  glint edge setup --service-id SU1Z0isxPaozGVKXdv0eY --ingest-url https://ingest.example.com\n" +
			"  glint edge setup --service-id SU1Z0isxPaozGVKXdv0eY --ingest-url https://ingest.example.com --apply\n" +
			"  glint edge setup --service-id SU1Z0isxPaozGVKXdv0eY --only keys\n" +
			"  glint edge setup --service-id SU1Z0isxPaozGVKXdv0eY --only web --site docs=https://docs.example.com --apply",
		Args: app.NoArgs,
	}
	f := cmd.Flags()
	f.StringVar(&o.serviceID, "service-id", "", "id of the Fastly Compute service (required)")
	f.StringVar(&o.ingestURL, "ingest-url", "", "where ingest answers Fastly, like https://ingest.example.com (required without --only)")
	f.StringVar(&o.version, "version", "latest", "service version to change: latest (cloned if it is in use), or the number of a draft")
	f.BoolVar(&o.apply, "apply", false, "run the commands")
	f.BoolVar(&o.dryRun, "dry-run", false, "only print the commands; this is the default")
	f.DurationVar(&o.period, "period", 5*time.Second, "how often Fastly posts, in whole seconds")
	f.Int64Var(&o.maxBytes, "request-max-bytes", 16<<20, "most bytes of one post, before compression; ingest refuses more than 128 MiB")
	f.Int64Var(&o.maxEntries, "request-max-entries", 10_000, "most lines of one post")
	f.StringVar(&o.archive.bucket, "archive-bucket", "", "S3 bucket that gets a copy of each line (default: no archive)")
	f.StringVar(&o.archive.domain, "archive-domain", "s3.amazonaws.com", "host of the bucket's S3 interface")
	f.StringVar(&o.archive.path, "archive-path", "opens/", "path in the bucket")
	f.StringVar(&o.archive.iamRole, "archive-iam-role", "", "AWS role that Fastly takes on, instead of keys")
	precision := app.ChoiceFlag(cmd, "ip-precision", "how much of an address events keep; an existing setting stays without this flag",
		"truncated", "full", "none")
	signals := app.ChoiceFlag(cmd, "privacy-signals", "what a request with DNT: 1 or Sec-GPC: 1 leaves, as for glint up; an existing setting stays without this flag",
		"ignore", "aggregate", "off")
	only := app.ChoiceFlag(cmd, "only", "part of it to prepare", "all", "keys", "web")
	sites := f.StringArray("site", nil, "site of the web pixel, as for glint up, in place of those at the edge; repeatable (default: they stay)")
	f.BoolVar(&o.noVisitors, "no-visitors", false, "do not tell the visitors of a site apart: no visitor secret at the edge")
	f.BoolVar(&o.newSecrets, "new-secrets", false, "make the web pixel's secrets anew; visitors of today are new ones, and the events token of servers ends")
	f.BoolVar(&o.remove, "remove", false, "take the web pixel's sites and secrets from the edge")
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

// serviceIDs are as Fastly makes them: letters and digits, 22 or a little less.
var serviceIDs = regexp.MustCompile(`^[0-9A-Za-z]{18,24}$`)

// check reports all faults at once.
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

// checkIngestURL wants the root of a host, since Fastly asks for the challenge
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
		return errors.New("--ingest-url must begin with https://, since Fastly posts to nothing else")
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
