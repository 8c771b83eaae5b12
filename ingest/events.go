package ingest

import (
	"bytes"
	"context"
	"errors"
	"mime"
	"mime/multipart"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glint/ingest/deliveries"
	"glint/ingest/deliveries/webhook"
	"glint/ingest/networks"
	"glint/ingest/receiver"
	"glint/ingest/sheet"
	"glint/ingest/warehouse"
)

// intake accepts events other than opens over HTTP. A 2xx means that the
// warehouse has acknowledged them. While it cannot, the answer is 503 and the
// sender retries.
type intake struct {
	cfg       *Config
	sources   *networks.Sources
	webhooks  *webhook.Sources
	committer atomic.Pointer[deliveries.Committer] // nil until the warehouse is available
	outcomes  *prometheus.CounterVec
}

// The outcomes of events, as metric labels.
const (
	eventsStored   = "stored"
	eventsRepeated = "repeated"
	eventsWaiting  = "waiting"
	eventsFaulty   = "faulty"
	eventsLeftOut  = "left_out"
)

func newIntake(cfg *Config, sources *networks.Sources, r prometheus.Registerer) (*intake, error) {
	i := &intake{cfg: cfg, sources: sources, outcomes: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "glint_deliveries_total", Help: "Events other than opens that were posted, by what became of them.",
	}, []string{"outcome"})}
	r.MustRegister(i.outcomes)
	for _, outcome := range []string{eventsStored, eventsRepeated, eventsWaiting, eventsFaulty, eventsLeftOut} {
		i.outcomes.WithLabelValues(outcome) // so that each rate exists before the first event
	}
	if cfg.WebhooksFile == "" {
		return i, nil
	}
	var err error
	i.webhooks, err = webhook.Open(cfg.WebhooksFile, webhook.Options{
		Changed: func() { cfg.Logger.Info("file of webhooks taken anew") },
		Fault: func(err error) {
			cfg.Logger.Error("file of webhooks not taken, the old sources stay in use", "error", err)
		},
	})
	return i, err
}

// begin starts storing into w, with the committer that it returns.
func (i *intake) begin(w *warehouse.Warehouse, ignored func(netip.Addr, string) (string, bool)) *deliveries.Committer {
	c := deliveries.NewCommitter(&deliveries.Store{
		Warehouse: w, Now: time.Now,
		Judge: deliveries.Judge{Lookup: i.sources.Lookup, Precision: i.cfg.Precision, Ignore: ignored},
	})
	i.committer.Store(c)
	return c
}

// Knows implements receiver.Deliveries.
func (i *intake) Knows(source string) bool { return i.webhooks.Knows(source) }

// Refusals of posted events.
var (
	notUp         = &receiver.Refusal{Status: http.StatusServiceUnavailable, Reason: "warehouse_down", Message: "the warehouse cannot be used now; send the events again", RetryAfter: 10 * time.Second}
	notFetched    = &receiver.Refusal{Status: http.StatusServiceUnavailable, Reason: "not_fetched", Message: "a certificate or confirmation could not be fetched from AWS; send it again", RetryAfter: 10 * time.Second}
	unknownFormat = &receiver.Refusal{Status: http.StatusBadRequest, Reason: "unknown_format", Message: "the body is in no known format; name it by ?format=, and give CSV the columns event, at, and message_id or campaign and recipient"}
	badParameter  = &receiver.Refusal{Status: http.StatusBadRequest, Reason: "unknown_parameter", Message: "format is one of csv, jsonl, ses, sendgrid, postmark, mailgun, sparkpost, listmonk, postfix, exim; time_zone is like Europe/Berlin; campaign is a campaign's name"}
)

// answer is the answer to a sender.
type answer struct {
	Reason  string `json:"reason,omitempty"` // of a failure
	Message string `json:"message,omitempty"`
	deliveries.Outcome
}

// Take implements receiver.Deliveries.
func (i *intake) Take(ctx context.Context, p *receiver.DeliveryPost) (status int, doc any, err error) {
	o := deliveries.Options{Now: time.Now()}
	body, form, err := plainForm(p)
	if err != nil {
		return 0, nil, unknownFormat
	}
	if p.Source != "" {
		post := &webhook.Post{Source: p.Source, Secret: p.Secret, Header: p.Header, Body: p.Bytes, Form: form}
		format, handled, err := i.webhooks.Check(ctx, post)
		switch {
		case errors.Is(err, webhook.ErrFetch):
			return 0, nil, notFetched
		case err != nil:
			return 0, nil, receiver.Unproven()
		case handled:
			return http.StatusOK, answer{Message: "the subscription is noted"}, nil
		}
		o.Format = format
	}
	if err := parameters(&o, p.Query); err != nil {
		return 0, nil, err
	}
	committer := i.committer.Load()
	if committer == nil {
		return 0, nil, notUp
	}
	outcome, err := deliveries.Import(ctx, committer, bytes.NewReader(body), o, nil)
	switch {
	case errors.Is(err, deliveries.ErrFormat), errors.Is(err, deliveries.ErrEmpty), errors.Is(err, deliveries.ErrColumns),
		errors.Is(err, sheet.ErrEncoding), errors.Is(err, sheet.ErrNotText), errors.As(err, new(*sheet.RowError)):
		return 0, nil, unknownFormat
	case err != nil:
		return 0, nil, err
	}
	i.count(&outcome)
	if outcome.Nothing() {
		return http.StatusBadRequest, answer{Reason: "no_events", Message: "nothing in the body is an event", Outcome: outcome}, nil
	}
	return http.StatusOK, answer{Outcome: outcome}, nil
}

// parameters reads the parameters of the query.
func parameters(o *deliveries.Options, query map[string]string) (err error) {
	if format := deliveries.Format(query["format"]); format != "" {
		if !slices.Contains(deliveries.Formats, format) {
			return badParameter
		}
		o.Format = format
	}
	if name := query["campaign"]; name != "" {
		if o.Campaign, err = warehouse.CampaignName(name); err != nil {
			return badParameter
		}
	}
	if zone := query["time_zone"]; zone != "" {
		if o.Zone, err = time.LoadLocation(zone); err != nil || zone == "Local" {
			return badParameter
		}
	}
	return nil
}

func (i *intake) count(o *deliveries.Outcome) {
	for outcome, n := range map[string]int{
		eventsStored: o.Stored, eventsRepeated: o.Repeated, eventsWaiting: o.Waiting, eventsFaulty: o.Faulty, eventsLeftOut: o.Opens + o.Others,
	} {
		i.outcomes.WithLabelValues(outcome).Add(float64(n))
	}
}

// maxFormBytes is the memory limit for a form's parts.
const maxFormBytes = 1 << 20

// plainForm converts a form, which the older webhooks of Mailgun post, into a
// line, and returns its fields. Any other body is returned unchanged.
func plainForm(p *receiver.DeliveryPost) (body []byte, form map[string]string, err error) {
	kind, parameters, _ := mime.ParseMediaType(p.Header.Get("Content-Type")) // "" is no form
	var values url.Values
	switch kind {
	case "application/x-www-form-urlencoded":
		if text := bytes.TrimSpace(p.Bytes); len(text) > 0 && (text[0] == '{' || text[0] == '[') || !bytes.Contains(p.Bytes, []byte("event=")) {
			return p.Bytes, nil, nil // curl sends this type by default
		}
		values, err = url.ParseQuery(strings.TrimSpace(string(p.Bytes)))
	case "multipart/form-data":
		var parts *multipart.Form
		if parts, err = multipart.NewReader(bytes.NewReader(p.Bytes), parameters["boundary"]).ReadForm(maxFormBytes); err == nil {
			values = parts.Value
			_ = parts.RemoveAll() // attachments are not read
		}
	default:
		return p.Bytes, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	form = map[string]string{}
	for name := range values {
		form[name] = values.Get(name)
	}
	return []byte(values.Encode()), form, nil
}
