package ingest

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"glint/edge/token"
	"glint/ingest/admission"
	"glint/ingest/consent"
	"glint/ingest/receiver"
	"glint/ingest/sendlog"
	"glint/ingest/sends"
	"glint/ingest/wal"
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
// meanwhile are registered together, by one query and one record of the log.
type registrar struct {
	home   ConsentHome
	ring   func() *token.Ring
	store  func() (*warehouse.Warehouse, error)
	log    *sendlog.Log
	ending <-chan struct{}          // closed when waiting posts shall end
	full   func() *receiver.Refusal // of the log's disk
	fates  *prometheus.CounterVec

	mu        sync.Mutex
	busy      map[string][]*waitingPost // posts that wait for a campaign in work, by its name
	campaigns map[string]readCampaign   // by name; each is compared with the warehouse before it is used
	strata    map[string]bool           // names of the strata that are stored
	choices   consent.Choices
}

// readCampaign is a campaign as it was read.
type readCampaign struct {
	warehouse.Campaign
	changedAt time.Time // its latest change before it was read
	readAt    time.Time
}

// rereadAfter is the time after which a campaign is looked up by its name again: of
// two programs' campaigns of one name the older holds, and it may appear later.
const rereadAfter = 10 * time.Second

// maxRemembered is the largest number of campaigns, and of strata, in the memory of
// a registrar.
const maxRemembered = 10_000

type waitingPost struct {
	registration
	ctx    context.Context //nolint:containedctx // context of the waiting request
	answer registered
	err    error
	done   chan struct{}
}

// logFull is the refusal of registrations while too many wait for the warehouse.
var logFull = &receiver.Refusal{
	Status: http.StatusTooManyRequests, Reason: "log_full",
	Message: "too many registrations wait for the warehouse; send the messages again", RetryAfter: 10 * time.Second,
}

// The outcomes of posted messages, as metric labels.
var fateNames = map[sends.Fate]string{sends.New: "stored", sends.Changed: "changed", sends.Known: "repeated"}

const fateFaulty = "faulty"

func newRegistrar(home ConsentHome, start *startup, log *sendlog.Log, full func() *receiver.Refusal, ending <-chan struct{}, r prometheus.Registerer) *registrar {
	g := &registrar{
		home: home, ring: start.keys, store: start.warehouse, log: log, full: full, ending: ending, busy: map[string][]*waitingPost{},
		campaigns: map[string]readCampaign{}, strata: map[string]bool{}, choices: consent.Choices{Purpose: consent.PurposeOpens},
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

// store1 registers one batch: it reads what is known of the campaign, the messages
// and the recipients, decides, and returns once the registration is in the log.
func (g *registrar) store1(ctx context.Context, r *registration) (done registered, err error) {
	w, err := g.store()
	if err != nil {
		return done, err
	}
	policy, no, modes, err := g.home.RegisterRules(r.base.URL)
	if err != nil {
		return done, err
	}
	b := &sends.Batch{Recipients: r.recipients, SentAt: r.sentAt, BaseURL: r.base.URL, Style: r.style, Ring: g.ring(), Strata: r.strata}
	rule := &sends.Consent{Policy: policy, No: no}
	campaign, known, err := g.decide(ctx, w, b, r, rule)
	if err != nil {
		return done, err
	}
	if b.NeedsModes() && !modes && !r.ownPixel {
		return done, errModes
	}
	if campaign.ID == 0 {
		if _, err = w.EnsureCampaign(ctx, r.campaign); err != nil {
			return done, err
		}
		if campaign, known, err = g.decide(ctx, w, b, r, rule); err != nil { // another program may have filled it already
			return done, err
		}
	}
	if b.Campaign, err = w.DescribeCampaign(ctx, campaign, r.subject, r.variant, r.tracking); err != nil {
		return done, err
	}
	if err := g.storeStrata(ctx, w, b); err != nil {
		return done, err
	}
	posted, fates, restricts := b.Post(known, time.Now())
	if err := g.keep(ctx, sendlog.Post{Campaign: b.Campaign.ID, No: no, Messages: posted}, restricts); err != nil {
		return done, err
	}
	done.campaign = b.Campaign
	for i, fate := range fates {
		g.fates.WithLabelValues(fateNames[fate]).Inc()
		done.messages = append(done.messages, registeredMessage{b.Recipients.Rows[i].Recipient, b.MessageID(i).String(), b.URL(i), b.Tracking(i), fate})
	}
	return done, nil
}

// decide finds the campaign and decides how much of each message is measured, which
// of a registered one is never more than before. It returns the stored campaign,
// without an id if it is new, and the messages that are registered.
func (g *registrar) decide(ctx context.Context, w *warehouse.Warehouse, b *sends.Batch, r *registration, rule *sends.Consent) (c warehouse.Campaign, known *warehouse.KnownSends, err error) {
	hasher, err := w.RecipientHasher(ctx)
	if err != nil {
		return c, nil, err
	}
	rule.KeyOf = hasher.Key
	keys := make([]warehouse.RecipientKey, len(r.recipients.Rows))
	for i := range keys {
		keys[i] = hasher.Key(r.recipients.Rows[i].Recipient)
	}
	c, messages, facts, waiting, err := g.find(ctx, w, b, r.campaign)
	if err != nil {
		return c, nil, err
	}
	if rule.Choices, err = g.choices.Of(ctx, w, facts.Decisions, keys); err != nil {
		return c, nil, err
	}
	b.Campaign = c
	b.Campaign.Tracking = max(c.Tracking, r.tracking)
	if err := b.Decide(rule); err != nil || c.ID == 0 {
		return c, nil, err
	}
	if err := b.Derive(); err != nil {
		return c, nil, err
	}
	known = warehouse.NewKnownSends(c.ID)
	if facts.Registered {
		if known, err = w.KnownMessages(ctx, c.ID, messages); err != nil {
			return c, nil, err
		}
	}
	for i := range waiting {
		known.Post(&waiting[i])
	}
	return c, known, b.Heed(known)
}

// find returns the campaign of that name, without an id if there is none, the ids of
// its messages, the facts about them, and those of them that waited before. It reads
// the campaign only if it has changed since a post before.
func (g *registrar) find(ctx context.Context, w *warehouse.Warehouse, b *sends.Batch, name string) (
	c warehouse.Campaign, messages []uuid.UUID, facts warehouse.PostingFacts, waiting []warehouse.Posted, err error,
) {
	g.mu.Lock()
	known := g.campaigns[name]
	g.mu.Unlock()
	for {
		messages = b.MessagesIn(&known.Campaign)
		waiting = g.log.Waiting(messages)
		if facts, err = w.PostingFacts(ctx, known.ID, messages); err != nil {
			return c, nil, facts, nil, err
		}
		if !known.changedAt.IsZero() && facts.CampaignChanged.Equal(known.changedAt) && time.Since(known.readAt) < rereadAfter {
			return known.Campaign, messages, facts, waiting, nil
		}
		c, err = w.CampaignNamed(ctx, name)
		if err != nil && !errors.Is(err, warehouse.ErrNoCampaign) {
			return c, nil, facts, nil, err
		}
		if c.ID == known.ID && c.IDKey == known.IDKey { // else the messages have other ids
			g.remember(name, readCampaign{c, facts.CampaignChanged, time.Now()})
			return c, messages, facts, waiting, nil
		}
		known = readCampaign{Campaign: c}
	}
}

// remember keeps a campaign for the next post, which then needs one query less.
func (g *registrar) remember(name string, c readCampaign) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.campaigns) >= maxRemembered {
		clear(g.campaigns)
	}
	g.campaigns[name] = c
}

// storeStrata stores the strata of the batch, unless this program has done so.
func (g *registrar) storeStrata(ctx context.Context, w *warehouse.Warehouse, b *sends.Batch) error {
	name := b.StrataName()
	g.mu.Lock()
	stored := name == "" || g.strata[name]
	g.mu.Unlock()
	if stored {
		return nil
	}
	if err := b.RegisterStrata(ctx, w); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.strata) >= maxRemembered {
		clear(g.strata)
	}
	g.strata[name] = true
	return nil
}

// keep returns once the messages are in the log. If less than before may be measured
// of one, it also waits until that is so.
func (g *registrar) keep(ctx context.Context, p sendlog.Post, restricts bool) error {
	if len(p.Messages) == 0 {
		return nil
	}
	if refusal := g.full(); refusal != nil {
		return refusal
	}
	stored, err := g.log.Append(context.WithoutCancel(ctx), p) // the next posts must know whether it succeeded
	switch {
	case errors.Is(err, wal.ErrQuota):
		return logFull
	case errors.Is(err, wal.ErrNoSpace):
		return admission.DiskFull
	case err != nil || !restricts:
		return err
	}
	g.log.Hurry()
	select {
	case <-stored:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-g.ending:
		return errEnding
	}
}

// errEnding is returned for a post that says less than before, if the service stops
// before that is in the warehouse.
var errEnding = errors.New("ingest: the service stops")
