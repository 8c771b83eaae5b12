package sends

import (
	"context"
	"errors"
	"fmt"

	"glint/ingest/warehouse"
)

// Policy is what a home decides for recipients who have made no choice.
type Policy string

// The policies.
const (
	PolicyUnset    Policy = ""         // nobody has decided: as PolicyNone
	PolicyNone     Policy = "none"     // they may be identified
	PolicyRequired Policy = "required" // at most aggregate
)

// ParsePolicy reads none or required; "" is PolicyUnset.
func ParsePolicy(s string) (Policy, error) {
	switch p := Policy(s); p {
	case PolicyUnset, PolicyNone, PolicyRequired:
		return p, nil
	}
	return PolicyUnset, errors.New("sends: the consent policy is not one of none, required")
}

// Consent is what decides, beside campaign and row, how much of a message may be
// measured. The zero value lets everything be.
type Consent struct {
	Policy  Policy
	No      warehouse.Fate // of recipients who refused or withdrew; FateKeep counts as FateCount
	Choices map[warehouse.RecipientKey]warehouse.Decision
	KeyOf   func(recipient string) warehouse.RecipientKey // needed with Choices
}

// Effective returns how much of a message may be measured: the least of what the
// campaign allows, what the row says, and what the recipient's choice does, or the
// policy without one.
func (c *Consent) Effective(ceiling, row warehouse.Tracking, choice warehouse.Choice) warehouse.Tracking {
	allowed := warehouse.Identified
	switch {
	case choice.IsNo():
		allowed = max(c.No, warehouse.FateCount).Tracking()
	case choice != warehouse.Agreed && c.Policy == PolicyRequired:
		allowed = warehouse.Aggregate
	}
	return max(ceiling, row, allowed)
}

// choice returns the choice of a recipient.
func (c *Consent) choice(recipient string) warehouse.Choice {
	if len(c.Choices) == 0 {
		return warehouse.Undecided
	}
	return c.Choices[c.KeyOf(recipient)].Choice
}

// ErrStyle is returned for messages whose URL cannot say how little may be kept.
var ErrStyle = errors.New("sends: a URL of a bare id cannot carry a privacy mode")

// Decide sets the tracking of each row and, with Derive to follow, the strata of
// the aggregate ones. It returns ErrStyle where a URL of the style cannot carry it.
func (b *Batch) Decide(c *Consent) error {
	b.tracking = make([]warehouse.Tracking, len(b.Recipients.Rows))
	for i := range b.Recipients.Rows {
		row := &b.Recipients.Rows[i]
		t := c.Effective(b.Campaign.Tracking, row.Tracking, c.choice(row.Recipient))
		if t != warehouse.Identified && t != warehouse.Off && b.Style != StyleToken {
			return fmt.Errorf("%w: line %d is %s", ErrStyle, row.Line, t)
		}
		b.tracking[i] = t
	}
	return nil
}

// NeedsModes reports whether a URL of the batch has a privacy mode that an edge must
// know, so that it does not log what may not be kept.
func (b *Batch) NeedsModes() bool {
	for i := range b.Recipients.Rows {
		if t := b.Tracking(i); t != warehouse.Identified && t != warehouse.Off {
			return true
		}
	}
	return false
}

// Tracking returns how much of the message of row i is measured.
func (b *Batch) Tracking(i int) warehouse.Tracking {
	if b.tracking == nil {
		return max(b.Recipients.Rows[i].Tracking, b.Campaign.Tracking)
	}
	return b.tracking[i]
}

// StrataStore is what RegisterStrata needs of the warehouse.
type StrataStore interface {
	StrataDimension(ctx context.Context, campaign uint64) (string, error)
	InsertStrata(ctx context.Context, name string, strata []warehouse.Stratum) error
}

// ErrDimension is returned for a campaign that is divided by something else already:
// its recipients would change their stratum, and so their URL.
var ErrDimension = errors.New("sends: the campaign is divided into other strata already")

// RegisterStrata stores the strata of the batch. Derive comes first.
func (b *Batch) RegisterStrata(ctx context.Context, w StrataStore) error {
	if len(b.strata) == 0 {
		return nil
	}
	dimension, err := w.StrataDimension(ctx, b.Campaign.ID)
	if err != nil {
		return err
	}
	if dimension != "" && dimension != b.Strata.dimension() {
		return fmt.Errorf("%w: by %s", ErrDimension, dimension)
	}
	return w.InsertStrata(ctx, fmt.Sprintf("strata-%d-%s", b.Campaign.ID, b.strataHash()), b.strataList())
}
