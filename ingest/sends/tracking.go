package sends

import (
	"context"
	"errors"
	"fmt"
	"time"

	"glint/ingest/warehouse"
)

// Policy is a home's rule for recipients without a choice.
type Policy string

// The policies.
const (
	PolicyUnset    Policy = ""         // not decided: treated as PolicyNone
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

// Consent determines, with campaign and row, the tracking mode of a message. The zero
// value allows everything.
type Consent struct {
	Policy  Policy
	No      warehouse.Fate // fate for recipients who refused or withdrew; FateKeep means FateCount
	Choices map[warehouse.RecipientKey]warehouse.Decision
	KeyOf   func(recipient string) warehouse.RecipientKey // required with Choices
}

// Effective returns the tracking mode of a message: the lowest of the campaign's limit,
// the row's value, and the mode that the recipient's choice allows, or without a choice
// the policy.
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

// ErrStyle is returned for messages whose URL cannot carry their privacy mode.
var ErrStyle = errors.New("sends: a URL of a bare id cannot carry a privacy mode")

// Decide sets the tracking of each row and, before Derive, the strata of
// aggregate rows. It returns ErrStyle if a URL of the style cannot carry the
// mode.
func (b *Batch) Decide(c *Consent) error {
	b.tracking, b.no = make([]warehouse.Tracking, len(b.Recipients.Rows)), c.No
	for i := range b.Recipients.Rows {
		row := &b.Recipients.Rows[i]
		b.tracking[i] = c.Effective(b.Campaign.Tracking, row.Tracking, c.choice(row.Recipient))
		if b.heeded != nil {
			b.tracking[i] = max(b.tracking[i], b.heeded[i])
		}
	}
	return b.checkStyle()
}

// MostTracked returns the mode of the message that is measured most; Off without messages.
func (b *Batch) MostTracked() warehouse.Tracking {
	most := warehouse.Off
	for i := range b.Recipients.Rows {
		most = min(most, b.Tracking(i))
	}
	return most
}

// Heed lowers the tracking mode of messages to the mode in which they are already
// registered: the mode of a message never rises. It applies to earlier and later
// decisions of Decide. Call it after Derive. It returns ErrStyle like Decide.
func (b *Batch) Heed(known *warehouse.KnownSends) error {
	b.heeded = make([]warehouse.Tracking, len(b.messages))
	tracking := make([]warehouse.Tracking, len(b.messages))
	for i, message := range b.messages {
		b.heeded[i], _ = known.Tracking(message)
		tracking[i] = max(b.Tracking(i), b.heeded[i])
	}
	b.tracking = tracking
	b.strata = b.findStrata()
	return b.checkStyle()
}

func (b *Batch) checkStyle() error {
	for i, t := range b.tracking {
		if t != warehouse.Identified && t != warehouse.Off && b.Style != StyleToken {
			return fmt.Errorf("%w: line %d is %s", ErrStyle, b.Recipients.Rows[i].Line, t)
		}
	}
	return nil
}

// ErrRestricted is returned by Register for a message whose registered tracking
// mode is lower than that of its URL: see Batch.Heed.
var ErrRestricted = errors.New("sends: another registration has lowered the tracking mode of a message")

// Restricter is the part of the warehouse that restricts messages: their tracking mode becomes
// lower than that of their URLs.
type Restricter interface {
	Restrict(ctx context.Context, campaign uint64, messages []warehouse.Restriction) (time.Time, error)
	ApplyWithdrawals(ctx context.Context, since time.Time) (warehouse.Swept, error)
}

// restrict records the known messages that are registered with a lower tracking mode than
// before, since their mail may contain URLs of a higher mode. Call it before their rows
// are written. apply, which is never nil, reduces their stored opens; call it after the
// rows are written.
func (b *Batch) restrict(ctx context.Context, w Restricter, known *warehouse.KnownSends) (apply func() error, err error) {
	var restricted []warehouse.Restriction
	for i, message := range b.messages {
		before, ok := known.Tracking(message)
		t := b.Tracking(i)
		switch {
		case ok && before > t:
			return nil, fmt.Errorf("%w: line %d", ErrRestricted, b.Recipients.Rows[i].Line)
		case ok && before < t:
			restricted = append(restricted, warehouse.Restriction{Message: message, Fate: warehouse.FateOf(t, b.no)})
		}
	}
	if len(restricted) == 0 {
		return func() error { return nil }, nil
	}
	at, err := w.Restrict(ctx, b.Campaign.ID, restricted)
	return func() error {
		_, err := w.ApplyWithdrawals(ctx, at)
		return err
	}, err
}

// NeedsModes reports whether a URL of the batch has a privacy mode, which the
// edge must apply to its log lines.
func (b *Batch) NeedsModes() bool {
	for i := range b.Recipients.Rows {
		if t := b.Tracking(i); t != warehouse.Identified && t != warehouse.Off {
			return true
		}
	}
	return false
}

// Tracking returns the tracking mode of the message of row i.
func (b *Batch) Tracking(i int) warehouse.Tracking {
	if b.tracking == nil {
		return max(b.Recipients.Rows[i].Tracking, b.Campaign.Tracking)
	}
	return b.tracking[i]
}

// StrataStore is the part of the warehouse that RegisterStrata uses.
type StrataStore interface {
	StrataDimension(ctx context.Context, campaign uint64) (string, error)
	InsertStrata(ctx context.Context, name string, strata []warehouse.Stratum) error
}

// ErrDimension is returned for a campaign already divided by another dimension:
// its recipients would change their stratum, and so their URL.
var ErrDimension = errors.New("sends: the campaign is divided into other strata already")

// RegisterStrata stores the strata of the batch. Call Derive first.
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
	return w.InsertStrata(ctx, b.StrataName(), b.strataList())
}
