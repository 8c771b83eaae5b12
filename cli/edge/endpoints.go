package edge

import (
	"net/url"
	"strconv"
	"strings"
)

// The names of the stores and keys that edge/ opens, and the variables that hold secrets.
const (
	storeName        = "glint"
	precisionKey     = "ip_precision"
	signalsKey       = "privacy_signals"
	sitesKey         = "sites"
	keysSecret       = "pixel_keys"
	eventsSecret     = "events_token"
	visitorSecret    = "visitor_secret"
	backendName      = "ingest"
	endpointOpens    = "opens"
	endpointArchive  = "opens_archive"
	tokenVariable    = "GLINT_INGEST_TOKEN"
	archiveAccessKey = "GLINT_ARCHIVE_ACCESS_KEY"
	archiveSecretKey = "GLINT_ARCHIVE_SECRET_KEY"
)

// archivePeriod is the interval at which a file of the archive is closed, in seconds: a
// compromise between the loss when Fastly loses a file and the number of files.
const archivePeriod = 600

// Timeouts of the backend, in milliseconds. Ingest takes up to 30 s to make
// a choice durable.
const (
	connectTimeout   = 5_000
	firstByteTimeout = 35_000
	betweenTimeout   = 10_000
)

// endpoint is one log endpoint, or the backend, for the CLI and for the API alike.
type endpoint struct {
	kind     string // the words of the CLI's command; joined by / the API's path
	name     string
	settings []setting
}

// setting is one field. The value of variable, a secret, is appended to value if variable
// is set.
type setting struct {
	flag     string // of the CLI; the API's name has _ for -
	value    string
	variable string
	update   bool // a switch that the CLI's create accepts but does not send (16.1.0); its update does
}

// field returns the API's name of the setting.
func (s *setting) field() string {
	if s.flag == "bucket" {
		return "bucket_name"
	}
	return strings.ReplaceAll(s.flag, "-", "_")
}

// endpoints returns the service's log endpoints and its backend. Every field that has a default
// is set explicitly: the defaults of the API, the CLI and the web interface differ.
func (o *options) endpoints() []endpoint {
	list := []endpoint{o.backend(), {"logging https", endpointOpens, []setting{
		{flag: "url", value: o.ingestURL + "/v1/logs"},
		{flag: "method", value: "POST"},
		{flag: "content-type", value: "application/x-ndjson"},
		{flag: "json-format", value: "2"},      // one line per event
		{flag: "message-type", value: "blank"}, // no syslog prefix before the line
		{flag: "placement", value: "none"},     // only what the program writes
		{flag: "compression-codec", value: "zstd"},
		{flag: "period", value: strconv.Itoa(int(o.period.Seconds()))},
		{flag: "request-max-bytes", value: strconv.FormatInt(o.maxBytes, 10)},
		{flag: "request-max-entries", value: strconv.FormatInt(o.maxEntries, 10)},
		{flag: "header-name", value: "Authorization"},
		{flag: "header-value", value: "Bearer ", variable: tokenVariable},
	}}}
	if o.archive.bucket == "" {
		return list
	}
	s3 := endpoint{"logging s3", endpointArchive, []setting{
		{flag: "bucket", value: o.archive.bucket},
		{flag: "domain", value: o.archive.domain},
		{flag: "path", value: o.archive.path},
		{flag: "message-type", value: "blank"},
		{flag: "placement", value: "none"},
		{flag: "compression-codec", value: "zstd"},
		{flag: "period", value: strconv.Itoa(archivePeriod)},
	}}
	if o.archive.iamRole != "" {
		s3.settings = append(s3.settings, setting{flag: "iam-role", value: o.archive.iamRole})
	} else {
		s3.settings = append(s3.settings,
			setting{flag: "access-key", variable: archiveAccessKey},
			setting{flag: "secret-key", variable: archiveSecretKey})
	}
	return append(list, s3)
}

// backend returns the backend from which the edge fetches the recipient's page.
// Source: https://www.fastly.com/documentation/reference/api/services/backend/;
// the certificate is checked by default.
func (o *options) backend() endpoint {
	u, _ := url.Parse(o.ingestURL) // checked by checkIngestURL
	port := u.Port()
	if port == "" {
		port = "443"
	}
	return endpoint{"backend", backendName, []setting{
		{flag: "address", value: u.Hostname()},
		{flag: "port", value: port},
		{flag: "override-host", value: u.Host},
		{flag: "use-ssl", value: "1", update: true},
		{flag: "ssl-cert-hostname", value: u.Hostname()},
		{flag: "ssl-sni-hostname", value: u.Hostname()},
		{flag: "connect-timeout", value: strconv.Itoa(connectTimeout)},
		{flag: "first-byte-timeout", value: strconv.Itoa(firstByteTimeout)},
		{flag: "between-bytes-timeout", value: strconv.Itoa(betweenTimeout)},
	}}
}
