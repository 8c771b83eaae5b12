package imports

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"glint/cli/internal/output"
	"glint/ingest/sends"
	"glint/ingest/warehouse"
)

// The reasons why a request's parameters name no message.
var (
	errCampaign  = errors.New("the campaign's parameter is no name of a campaign")
	errRecipient = errors.New("the recipient's parameter is no recipient")
	errMergeTag  = errors.New("a parameter has a placeholder, like {{email}} or null, instead of a value")
	errAllowed   = errors.New("the campaign is not among --campaigns")
	errCampaigns = errors.New("more campaigns than --max-campaigns")
	errMessages  = errors.New("more messages than --max-messages")
	errWarehouse = errors.New("the warehouse did not answer")
)

type limits struct{ campaigns, messages int }

// register registers campaigns and messages as they appear. The number of sent
// messages is unknown, so a campaign that it creates is marked accordingly, and its messages count
// individually.
type register struct {
	ctx     context.Context
	w       *warehouse.Warehouse
	allowed []string
	limits

	campaigns map[string]*campaign // by the parameter's value; nil: refused
	made      int
	messages  int // new ones of this run

	pending  []warehouse.Send
	inserted int
	failed   error // of the warehouse; ends the run
}

// campaign is a campaign with its registered messages.
type campaign struct {
	warehouse.Campaign
	deriver  *sends.Deriver
	known    *warehouse.KnownSends
	messages map[uuid.UUID]bool // new ones of this run
	err      error
}

func newRegister(ctx context.Context, w *warehouse.Warehouse, allowed []string, l limits) *register {
	return &register{ctx: ctx, w: w, allowed: allowed, limits: l, campaigns: map[string]*campaign{}}
}

// message returns the id of the message to a recipient. It returns one of the errors
// above, or the warehouse's.
func (r *register) message(name, recipient string) (uuid.UUID, error) {
	c := r.campaigns[name]
	if c == nil {
		var err error
		if c, err = r.open(name); err != nil {
			r.failed = err
			return uuid.UUID{}, errWarehouse
		}
		if len(r.campaigns) < 10*r.limits.campaigns { // clients can invent names
			r.campaigns[name] = c
		}
	}
	if c.err != nil {
		return uuid.UUID{}, c.err
	}
	recipient, err := sends.FromURL(recipient)
	switch {
	case errors.Is(err, sends.ErrPlaceholder):
		return uuid.UUID{}, errMergeTag
	case err != nil:
		return uuid.UUID{}, errRecipient
	}
	id := c.deriver.MessageID(recipient, 0)
	if c.known.Counts(id) || c.messages[id] {
		return id, nil
	}
	if r.messages >= r.limits.messages {
		return uuid.UUID{}, errMessages
	}
	r.messages++
	c.messages[id] = true
	before, _ := c.known.Tracking(id)
	r.pending = append(r.pending, warehouse.Send{
		CampaignID: c.ID, MessageID: id, Recipient: recipient, Tracking: max(c.Tracking, before), State: warehouse.StateRegistered,
		URLStyle: warehouse.StyleUUID, RegisteredAt: time.Now().UTC().Truncate(time.Millisecond),
	})
	return id, nil
}

// open returns a campaign and creates it if it is missing. A name that is not allowed
// returns a campaign with an error.
func (r *register) open(name string) (*campaign, error) {
	normal, fault := warehouse.CampaignName(name)
	switch {
	case sends.IsMergeTag(name):
		return &campaign{err: errMergeTag}, nil
	case fault != nil:
		return &campaign{err: errCampaign}, nil //nolint:nilerr // the fault is counted with its line and ends nothing
	case len(r.allowed) > 0 && !slices.Contains(r.allowed, normal):
		return &campaign{err: errAllowed}, nil
	}
	found, err := r.w.CampaignNamed(r.ctx, normal)
	if errors.Is(err, warehouse.ErrNoCampaign) {
		if r.made >= r.limits.campaigns {
			return &campaign{err: errCampaigns}, nil
		}
		r.made++
		found, err = r.w.EnsureImportedCampaign(r.ctx, normal)
	}
	if err != nil {
		return nil, err
	}
	if found.IDKey == [32]byte{} {
		return &campaign{err: sends.ErrForgotten}, nil
	}
	known, err := r.w.KnownSends(r.ctx, found.ID)
	if err == nil { // an import that was killed may have registered some of them in part
		err = r.w.CompleteSends(r.ctx, found.ID)
	}
	if err != nil {
		return nil, err
	}
	return &campaign{Campaign: found, deriver: sends.NewDeriver(found.IDKey), known: known, messages: map[uuid.UUID]bool{}}, nil
}

// settle registers the new messages before their opens are posted: an open whose
// message is not registered would have to wait.
func (r *register) settle(ctx context.Context) error {
	if r.failed != nil || len(r.pending) == 0 {
		return r.failed
	}
	if err := r.w.InsertSends(ctx, "import-"+rand.Text(), r.pending); err != nil {
		return fmt.Errorf("register messages: %w", err)
	}
	if err := r.restrict(ctx); err != nil {
		return err
	}
	r.inserted += len(r.pending)
	r.pending = r.pending[:0]
	return nil
}

// restrict stores the fates of messages whose tracking mode is below identified, which
// lines without a token imply.
func (r *register) restrict(ctx context.Context) error {
	restricted := map[uint64][]warehouse.Restriction{}
	for i := range r.pending {
		if s := &r.pending[i]; s.Tracking != warehouse.Identified {
			fate := warehouse.FateOf(s.Tracking, warehouse.FateCount)
			restricted[s.CampaignID] = append(restricted[s.CampaignID], warehouse.Restriction{Message: s.MessageID, Fate: fate})
		}
	}
	for id, messages := range restricted {
		if _, err := r.w.Restrict(ctx, id, messages); err != nil {
			return err
		}
	}
	return nil
}

func (r *register) sentence() string {
	return fmt.Sprintf("registered %s (unsigned) and %s", output.Plural(r.inserted, "new message", "new messages"), output.Plural(r.made, "new campaign", "new campaigns"))
}
