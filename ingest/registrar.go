package ingest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"glint/edge/token"
	"glint/ingest/consent"
	"glint/ingest/sends"
	"glint/ingest/warehouse"
)

// registration is one post of messages to register.
type registration struct {
	campaign, subject, variant string
	tracking                   warehouse.Tracking // at most
	style                      sends.Style
	strata                     sends.Strata
	base                       *sends.BaseURL
	ownPixel                   bool // base is the address of this program's pixel, which applies privacy modes
	sentAt                     time.Time
	recipients                 *sends.Recipients
	alike                      string // equal for posts that may be registered together
}

// registered is the result of a registration.
type registered struct {
	campaign warehouse.Campaign
	messages []registeredMessage
}

type registeredMessage struct {
	recipient, id, url string
	tracking           warehouse.Tracking
	fate               sends.Fate
}

// errModes is returned for messages whose URLs carry a privacy mode, if the
// edge is not known to apply it.
var errModes = errors.New("ingest: the edge is not known to know privacy modes")

// registrar registers posts, one at a time per campaign. Posts that wait
// meanwhile are registered together, since each insert is a part that
// ClickHouse has to merge.
type registrar struct {
	home  ConsentHome
	ring  func() *token.Ring
	store func() (*warehouse.Warehouse, error)
	fates *prometheus.CounterVec

	mu   sync.Mutex
	busy map[string][]*waitingPost // posts that wait for a campaign in work, by its name
}

type waitingPost struct {
	registration
	ctx    context.Context //nolint:containedctx // context of the waiting request
	answer registered
	err    error
	done   chan struct{}
}

// The outcomes of posted messages, as metric labels.
var fateNames = map[sends.Fate]string{sends.New: "stored", sends.Changed: "changed", sends.Known: "repeated"}

const fateFaulty = "faulty"

func newRegistrar(home ConsentHome, start *startup, r prometheus.Registerer) *registrar {
	g := &registrar{
		home: home, ring: start.keys, store: start.warehouse, busy: map[string][]*waitingPost{},
		fates: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "glint_posted_messages_total", Help: "Messages that were posted to be registered, by what became of them.",
		}, []string{"outcome"}),
	}
	r.MustRegister(g.fates)
	for _, name := range fateNames {
		g.fates.WithLabelValues(name) // so that each rate exists before the first message
	}
	g.fates.WithLabelValues(fateFaulty)
	return g
}

// register returns once the messages are durable and count.
func (g *registrar) register(ctx context.Context, r registration) (registered, error) {
	p := &waitingPost{registration: r, ctx: ctx, done: make(chan struct{})}
	g.mu.Lock()
	queue, working := g.busy[r.campaign]
	g.busy[r.campaign] = append(queue, p)
	g.mu.Unlock()
	if !working {
		go g.work(r.campaign)
	}
	<-p.done // ends with ctx, which work observes
	return p.answer, p.err
}

// work registers the waiting posts of a campaign until there are none.
func (g *registrar) work(campaign string) {
	for {
		g.mu.Lock()
		batch, rest := together(g.busy[campaign])
		if len(batch) == 0 {
			delete(g.busy, campaign)
			g.mu.Unlock()
			return
		}
		g.busy[campaign] = rest
		g.mu.Unlock()
		g.commit(batch)
	}
}

// together takes from the queue the posts that can be registered at once: posts
// that are alike and share no recipient.
func together(queue []*waitingPost) (batch, rest []*waitingPost) {
	if len(queue) == 0 {
		return nil, nil
	}
	seen, rows := map[string]bool{}, 0
	for _, p := range queue {
		fits := p.alike == queue[0].alike && rows+len(p.recipients.Rows) <= sends.MaxAtOnce &&
			!slices.ContainsFunc(p.recipients.Rows, func(r sends.Row) bool { return seen[r.Recipient] })
		if !fits && len(batch) > 0 {
			rest = append(rest, p)
			continue
		}
		for i := range p.recipients.Rows {
			seen[p.recipients.Rows[i].Recipient] = true
		}
		rows += len(p.recipients.Rows)
		batch = append(batch, p)
	}
	return batch, rest
}

// commit registers posts together, within the deadline of the first.
func (g *registrar) commit(batch []*waitingPost) {
	whole := batch[0].registration
	recipients := *whole.recipients
	recipients.Rows = nil
	for _, p := range batch {
		recipients.Rows = append(recipients.Rows, p.recipients.Rows...)
	}
	whole.recipients = &recipients
	answer, err := g.store1(batch[0].ctx, &whole)
	for _, p := range batch {
		if p.err = err; err == nil {
			n := len(p.recipients.Rows)
			p.answer = registered{answer.campaign, answer.messages[:n:n]}
			answer.messages = answer.messages[n:]
		}
		close(p.done)
	}
}

// store1 registers one batch.
func (g *registrar) store1(ctx context.Context, r *registration) (done registered, err error) {
	w, err := g.store()
	if err != nil {
		return done, err
	}
	policy, no, modes, err := g.home.RegisterRules(r.base.URL)
	if err != nil {
		return done, err
	}
	rule, err := consentOf(ctx, w, r.recipients, policy, no)
	if err != nil {
		return done, err
	}
	b := &sends.Batch{Recipients: r.recipients, SentAt: r.sentAt, BaseURL: r.base.URL, Style: r.style, Ring: g.ring(), Strata: r.strata}
	known, err := w.CampaignNamed(ctx, r.campaign)
	if err != nil && !errors.Is(err, warehouse.ErrNoCampaign) {
		return done, err
	}
	b.Campaign = known
	b.Campaign.Tracking = max(known.Tracking, r.tracking)
	if err := decideAtMost(ctx, w, b, rule); err != nil {
		return done, err
	}
	if b.NeedsModes() && !modes && !r.ownPixel {
		return done, errModes
	}
	if known.ID == 0 {
		if known, err = w.EnsureCampaign(ctx, r.campaign); err != nil {
			return done, err
		}
	}
	if b.Campaign, err = w.DescribeCampaign(ctx, known, r.subject, r.variant, r.tracking); err != nil {
		return done, err
	}
	if err := b.Decide(rule); err != nil {
		return done, err
	}
	if err := b.Derive(); err != nil {
		return done, err
	}
	if err := b.RegisterStrata(ctx, w); err != nil {
		return done, err
	}
	fates, err := b.RegisterAtOnce(ctx, w)
	if err != nil {
		return done, err
	}
	done.campaign = b.Campaign
	for i, fate := range fates {
		g.fates.WithLabelValues(fateNames[fate]).Inc()
		done.messages = append(done.messages, registeredMessage{b.Recipients.Rows[i].Recipient, b.MessageID(i).String(), b.URL(i), b.Tracking(i), fate})
	}
	return done, nil
}

// decideAtMost decides how much of each message is measured, which of a registered
// one is never more than before. A campaign without id is about to be made.
func decideAtMost(ctx context.Context, w *warehouse.Warehouse, b *sends.Batch, rule *sends.Consent) error {
	if err := b.Decide(rule); err != nil || b.Campaign.ID == 0 {
		return err
	}
	if err := b.Derive(); err != nil {
		return err
	}
	messages := make([]uuid.UUID, len(b.Recipients.Rows))
	for i := range messages {
		messages[i] = b.MessageID(i)
	}
	known, _, err := w.KnownMessages(ctx, b.Campaign.ID, messages)
	if err != nil {
		return err
	}
	return b.Heed(known)
}

// consentOf returns the consent rule for the recipients.
func consentOf(ctx context.Context, w *warehouse.Warehouse, recipients *sends.Recipients, policy sends.Policy, no warehouse.Fate) (*sends.Consent, error) {
	hasher, err := w.RecipientHasher(ctx)
	if err != nil {
		return nil, err
	}
	keys := make([]warehouse.RecipientKey, len(recipients.Rows))
	for i := range keys {
		keys[i] = hasher.Key(recipients.Rows[i].Recipient)
	}
	choices, err := w.ChoicesOf(ctx, consent.PurposeOpens, keys)
	return &sends.Consent{Policy: policy, No: no, Choices: choices, KeyOf: hasher.Key}, err
}
