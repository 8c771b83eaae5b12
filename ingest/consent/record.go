package consent

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"
	"unicode"
	"unicode/utf8"

	"glint/ingest/warehouse"
)

// Change is a choice to record.
type Change struct {
	Recipient   warehouse.RecipientKey
	Purpose     string // "": PurposeOpens
	Choice      warehouse.Choice
	DecidedAt   time.Time
	Method      string // how the choice was made, such as form or import
	TextHash    string // SHA-256 of the text shown, 64 hex digits; "": unknown
	TextVersion string
}

// The reasons why a change is refused.
var (
	ErrChange     = errors.New("consent: faulty change")
	ErrRemembered = fmt.Errorf("%w: a refusal is remembered for six months and cannot become unknown before", ErrChange)
)

type changeError string

func (e changeError) Error() string { return string(e) }
func (e changeError) Unwrap() error { return ErrChange }

// maxAhead is the time by which a decision may be ahead of this machine's clock. A later
// one would take precedence over every refusal until then.
const maxAhead = 5 * time.Minute

// maxWordBytes is the longest method or version.
const maxWordBytes = 100

var (
	purposes   = regexp.MustCompile(`^[a-z0-9_-]{1,32}$`)
	textHashes = regexp.MustCompile(`^([0-9a-f]{64})?$`)
)

// Check sets the default purpose and returns an error around ErrChange if the
// change is invalid.
func (c *Change) Check(now time.Time) error {
	if c.Purpose == "" {
		c.Purpose = PurposeOpens
	}
	switch {
	case !purposes.MatchString(c.Purpose):
		return changeError("the purpose has not 1 to 32 of a-z, 0-9, _ and -")
	case c.DecidedAt.IsZero():
		return changeError("the time of the choice is missing")
	case c.DecidedAt.After(now.Add(maxAhead)):
		return changeError("the time of the choice lies ahead")
	case c.DecidedAt.Before(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)):
		return changeError("the time of the choice lies before 2000")
	case !isWord(c.Method) || !isWord(c.TextVersion):
		return changeError("a method or version is longer than 100 bytes or has control characters")
	case !textHashes.MatchString(c.TextHash):
		return changeError("the hash of the text has not 64 hex digits")
	}
	return nil
}

func isWord(s string) bool {
	if len(s) > maxWordBytes || !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if unicode.IsControl(r) {
			return false
		}
	}
	return true
}

// Warehouse is the part of ClickHouse that a Recorder uses;
// *warehouse.Warehouse implements it.
type Warehouse interface {
	ConsentTail(ctx context.Context, node string) (sequence uint64, hash string, err error)
	InsertConsents(ctx context.Context, name string, rows []warehouse.Consent) error
	CurrentChoices(ctx context.Context, purpose string) (map[warehouse.RecipientKey]warehouse.Decision, error)
	EachConsent(ctx context.Context, recipient *warehouse.RecipientKey, visit func(*warehouse.Consent) error) error
	InsertWithdrawals(ctx context.Context, name string, rows []warehouse.Withdrawal) error
	ApplyWithdrawals(ctx context.Context, since time.Time) (warehouse.Swept, error)
}

// Book stores a node's name and the end of its chain; a home implements it.
type Book interface {
	// LockConsent returns the node's name and the last known end of its chain.
	// Of all processes of the home only one holds the lock.
	LockConsent(ctx context.Context) (Head, func(), error)
	KeepConsentHead(Head) error
}

// Recorder records choices.
type Recorder struct {
	Warehouse Warehouse
	Book      Book
	Fate      warehouse.Fate   // fate of the opens of recipients who refuse or withdraw
	Now       func() time.Time // nil: time.Now
}

// Outcome counts the results of changes.
type Outcome struct {
	Recorded  int // new rows of the ledger
	Known     int // already in the ledger
	Older     int // part of Recorded that a later choice overrides
	Withdrawn int // recipients whose opens are no longer kept
	Swept     warehouse.Swept
}

// decided identifies a change.
type decided struct {
	recipient warehouse.RecipientKey
	purpose   string
	choice    warehouse.Choice
	at        int64
}

// Record appends the changes, all or none, and applies their consequences. A
// change that is already in the ledger is not recorded again, so a repeat after
// an error is harmless. It returns an error around ErrChange, and records
// nothing, if one of them is invalid.
func (r *Recorder) Record(ctx context.Context, changes []Change) (o Outcome, err error) {
	now := time.Now
	if r.Now != nil {
		now = r.Now
	}
	at := now().UTC().Truncate(time.Millisecond)
	for i := range changes {
		if err := changes[i].Check(at); err != nil {
			return o, err
		}
	}
	head, unlock, err := r.Book.LockConsent(ctx)
	if err != nil {
		return o, err
	}
	defer unlock()
	current, err := r.current(ctx, changes)
	if err != nil {
		return o, err
	}
	before := map[string]map[warehouse.RecipientKey]bool{} // recipients who refused or withdrew
	rows, err := r.rows(ctx, changes, current, before, at, &o)
	if err != nil {
		return o, err
	}
	if err := r.append(ctx, head, rows); err != nil {
		return o, err
	}
	if err := r.withdraw(ctx, changes, current[PurposeOpens], before[PurposeOpens], at, &o); err != nil {
		return o, err
	}
	o.Swept, err = r.Warehouse.ApplyWithdrawals(ctx, at)
	return o, err
}

func (r *Recorder) current(ctx context.Context, changes []Change) (map[string]map[warehouse.RecipientKey]warehouse.Decision, error) {
	all := map[string]map[warehouse.RecipientKey]warehouse.Decision{}
	for i := range changes {
		purpose := changes[i].Purpose
		if all[purpose] != nil {
			continue
		}
		var err error
		if all[purpose], err = r.Warehouse.CurrentChoices(ctx, purpose); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// known returns the changes that are already in the ledger. It asks only if one
// of them may be.
func (r *Recorder) known(ctx context.Context, changes []Change, current map[string]map[warehouse.RecipientKey]warehouse.Decision) (map[decided]bool, error) {
	known := map[decided]bool{}
	var one *warehouse.RecipientKey
	for i := range changes {
		c := &changes[i]
		if d, ok := current[c.Purpose][c.Recipient]; !ok || c.DecidedAt.After(d.DecidedAt) {
			continue
		}
		if one != nil && *one != c.Recipient {
			return known, r.remember(ctx, nil, known)
		}
		one = &c.Recipient
	}
	if one == nil {
		return known, nil
	}
	return known, r.remember(ctx, one, known)
}

func (r *Recorder) remember(ctx context.Context, recipient *warehouse.RecipientKey, known map[decided]bool) error {
	return r.Warehouse.EachConsent(ctx, recipient, func(c *warehouse.Consent) error {
		known[decided{c.Recipient, c.Purpose, c.Choice, c.DecidedAt.UnixMilli()}] = true
		return nil
	})
}

// rows returns the rows of new changes, and updates current.
func (r *Recorder) rows(ctx context.Context, changes []Change, current map[string]map[warehouse.RecipientKey]warehouse.Decision,
	before map[string]map[warehouse.RecipientKey]bool, at time.Time, o *Outcome,
) ([]warehouse.Consent, error) {
	known, err := r.known(ctx, changes, current)
	if err != nil {
		return nil, err
	}
	var rows []warehouse.Consent
	for i := range changes {
		c := &changes[i]
		now, there := current[c.Purpose][c.Recipient]
		if before[c.Purpose] == nil {
			before[c.Purpose] = map[warehouse.RecipientKey]bool{}
		}
		key := decided{c.Recipient, c.Purpose, c.Choice, c.DecidedAt.UnixMilli()}
		if now.Choice.IsNo() || known[key] {
			before[c.Purpose][c.Recipient] = true
		}
		if known[key] {
			o.Known++
			continue
		}
		known[key] = true
		later := !there || now.IsBefore(warehouse.Decision{Choice: c.Choice, DecidedAt: c.DecidedAt})
		if again, _ := AskAgainAt(now); later && c.Choice == warehouse.Undecided && now.Choice.IsNo() && c.DecidedAt.Before(again) {
			return nil, ErrRemembered
		}
		if later {
			current[c.Purpose][c.Recipient] = warehouse.Decision{Choice: c.Choice, DecidedAt: c.DecidedAt}
		} else {
			o.Older++
		}
		rows = append(rows, warehouse.Consent{
			Recipient: c.Recipient, Purpose: c.Purpose, Choice: c.Choice, DecidedAt: c.DecidedAt.UTC().Truncate(time.Millisecond), RecordedAt: at,
			Method: c.Method, TextHash: c.TextHash, TextVersion: c.TextVersion,
		})
	}
	o.Recorded = len(rows)
	return rows, nil
}

// append links the rows to the chain and stores them. It takes the chain's end
// from the warehouse, unless the warehouse has lost rows that the node knows to
// have been there.
func (r *Recorder) append(ctx context.Context, head Head, rows []warehouse.Consent) error {
	if len(rows) == 0 {
		return nil
	}
	sequence, hash, err := r.Warehouse.ConsentTail(ctx, head.Node)
	if err != nil {
		return err
	}
	if sequence < head.Sequence {
		sequence, hash = head.Sequence, head.Hash // the gap stays visible
	}
	seal(rows, head.Node, sequence, hash)
	last := &rows[len(rows)-1]
	if err := r.Warehouse.InsertConsents(ctx, "consents-"+last.Hash, rows); err != nil {
		return err
	}
	return r.Book.KeepConsentHead(Head{head.Node, last.Sequence, last.Hash})
}

// withdraw writes the consequences for opens, from the current choices, so that
// repeating an interrupted call completes it.
func (r *Recorder) withdraw(ctx context.Context, changes []Change, current map[warehouse.RecipientKey]warehouse.Decision,
	before map[warehouse.RecipientKey]bool, at time.Time, o *Outcome,
) error {
	var rows []warehouse.Withdrawal
	seen := map[warehouse.RecipientKey]bool{}
	for i := range changes {
		key := changes[i].Recipient
		if changes[i].Purpose != PurposeOpens || seen[key] {
			continue
		}
		seen[key] = true
		fate := warehouse.FateKeep
		if current[key].Choice.IsNo() {
			fate = r.Fate
			o.Withdrawn++
		} else if !before[key] {
			continue
		}
		rows = append(rows, warehouse.Withdrawal{Recipient: key, Fate: fate, ChangedAt: at})
	}
	if len(rows) == 0 {
		return nil
	}
	return r.Warehouse.InsertWithdrawals(ctx, fmt.Sprintf("withdrawals-%d-%s-%d", at.UnixMilli(), rows[0].Recipient, len(rows)), rows)
}
