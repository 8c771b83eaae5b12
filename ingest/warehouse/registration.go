package warehouse

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// A registration of messages is in every rate as a whole or not at all:
//
//	r, err := w.BeginRegistration(ctx, campaign, rows) // ends those that were cut off
//	known, err := w.KnownSends(ctx, r.CampaignID)      // after Begin, not before
//	for each row of the file: if send, write := r.Merge(known, row); write { … }
//	w.InsertSends(ctx, name, blocks)                   // as often as it takes
//	err = w.CompleteRegistration(ctx, r, written)      // from here on the messages count
//
// A message that counted before still counts, whatever the outcome of the new
// registration: it keeps the registration that made it count. One that was cut
// off is not continued; the same file again takes its messages over.
//
// A campaign has one open registration at a time: a new one supersedes those that
// are open, and its rows are later than theirs, so that a superseded program which
// still writes changes nothing.

// ErrSuperseded means that another registration of the campaign began before
// this one was complete: its messages do not count, unless the other one
// contains them.
var ErrSuperseded = errors.New("warehouse: another registration of the campaign began meanwhile")

// ErrRowsMissing means that inserted messages are not there.
var ErrRowsMissing = errors.New("warehouse: registered messages are missing")

// Registration is a registration of messages in progress.
type Registration struct {
	ID         uint64
	CampaignID uint64
	Rows       int       // of the file
	StartedAt  time.Time // time of all its rows; later than all other rows of the campaign
}

// The states of a registration, as the table's Enum8.
const (
	registrationStarted int8 = iota + 1
	registrationComplete
	registrationSuperseded
)

// registrationStep is one row of the table registrations.
type registrationStep struct {
	Registration
	step        uint32
	state       int8
	completedAt time.Time
	written     int
}

var registrationColumns = []column[registrationStep]{
	{"campaign_id", of(func(r *registrationStep) uint64 { return r.CampaignID })},
	{"registration_id", of(func(r *registrationStep) uint64 { return r.ID })},
	{"step", of(func(r *registrationStep) uint32 { return r.step })},
	{"state", of(func(r *registrationStep) int8 { return r.state })},
	{"started_at", of(func(r *registrationStep) int64 { return r.StartedAt.UnixMilli() })},
	{"completed_at", of(func(r *registrationStep) int64 { return orEpoch(r.completedAt).UnixMilli() })},
	{"file_rows", of(func(r *registrationStep) uint64 { return uint64(r.Rows) })},
	{"written_rows", of(func(r *registrationStep) uint64 { return uint64(r.written) })},
}

// The steps of a registration: its row with the highest step holds.
const (
	stepStart     = 1
	stepComplete  = 2
	stepSupersede = 3 // a registration that completes at the same moment loses
	stepReinstate = 4 // unless it was complete before
)

func (w *Warehouse) insertStep(ctx context.Context, r registrationStep) error {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], r.ID)
	name := fmt.Sprintf("registration-%s-%d", hex.EncodeToString(b[:]), r.step)
	return insert(ctx, w, "registrations", registrationColumns, name, []registrationStep{r})
}

// BeginRegistration begins the registration of a file with that many rows, and
// supersedes the campaign's open registrations.
func (w *Warehouse) BeginRegistration(ctx context.Context, campaign uint64, rows int) (Registration, error) {
	fail := func(err error) (Registration, error) {
		return Registration{}, fmt.Errorf("begin registration: %w", err)
	}
	var latest int64
	err := w.ask(ctx, "registration_start", []any{clickhouse.Named("campaign_id", campaign)}, &latest)
	if err != nil {
		return fail(err)
	}
	r := Registration{
		ID: randomID(), CampaignID: campaign, Rows: rows,
		StartedAt: time.UnixMilli(max(time.Now().UnixMilli(), latest+1)).UTC(),
	}
	if err := w.insertStep(ctx, registrationStep{Registration: r, step: stepStart, state: registrationStarted}); err != nil {
		return fail(err)
	}
	if err := w.supersede(ctx, r); err != nil {
		return fail(err)
	}
	return r, nil
}

// supersede ends the campaign's open registrations that began before r. If one
// completed meanwhile, it stays complete: supersede reads again after writing,
// as CompleteRegistration does, so that at least one of two concurrent writers
// sees the other.
func (w *Warehouse) supersede(ctx context.Context, r Registration) error {
	var n uint64
	var ids, fileRows []uint64
	var started []int64
	var steps []uint32
	var states []int8
	err := w.ask(ctx, "registration_steps", []any{clickhouse.Named("campaign_id", r.CampaignID)},
		&n, &ids, &started, &steps, &states, &fileRows)
	if err != nil {
		return err
	}
	for i, id := range ids {
		before := started[i] < r.StartedAt.UnixMilli() || started[i] == r.StartedAt.UnixMilli() && id < r.ID
		if states[i] != registrationStarted || !before {
			continue
		}
		other := registrationStep{
			Registration: Registration{ID: id, CampaignID: r.CampaignID, Rows: int(fileRows[i]), StartedAt: time.UnixMilli(started[i])},
			step:         stepSupersede, state: registrationSuperseded,
		}
		if err := w.insertStep(ctx, other); err != nil {
			return err
		}
		if err := w.reinstate(ctx, other); err != nil {
			return err
		}
	}
	return nil
}

// reinstate makes a superseded registration complete again if it had been
// complete before.
func (w *Warehouse) reinstate(ctx context.Context, other registrationStep) error {
	_, wasComplete, err := w.registrationState(ctx, other.Registration)
	if err != nil || !wasComplete {
		return err
	}
	other.step, other.state, other.completedAt = stepReinstate, registrationComplete, time.Now()
	return w.insertStep(ctx, other)
}

func (w *Warehouse) registrationState(ctx context.Context, r Registration) (state int8, wasComplete bool, err error) {
	err = w.ask(ctx, "registration_state", r.arguments(), &state, &wasComplete)
	return state, wasComplete, err
}

func (r Registration) arguments() []any {
	return []any{clickhouse.Named("campaign_id", r.CampaignID), clickhouse.Named("registration_id", r.ID)}
}

// CompleteRegistration makes the messages of the registration count, after
// checking that all are stored: written is the number of inserted rows with its
// ID. It returns ErrSuperseded or ErrRowsMissing, or an error of the warehouse,
// after which it may be called again. After an error nothing counts, and the
// same file may be registered again.
func (w *Warehouse) CompleteRegistration(ctx context.Context, r Registration, written int) error {
	fail := func(err error) error { return fmt.Errorf("complete registration: %w", err) }
	state, wasComplete, err := w.registrationState(ctx, r)
	switch {
	case err != nil:
		return fail(err)
	case state == registrationSuperseded:
		return fail(ErrSuperseded)
	case !wasComplete:
		var messages uint64
		if err := w.ask(ctx, "registration_messages", r.arguments(), &messages); err != nil {
			return fail(err)
		}
		if messages < uint64(written) {
			return fail(fmt.Errorf("%w: %d of %d", ErrRowsMissing, uint64(written)-messages, written))
		}
	}
	step := registrationStep{Registration: r, step: stepComplete, state: registrationComplete, completedAt: time.Now(), written: written}
	if err := w.insertStep(ctx, step); err != nil {
		return fail(err)
	}
	// A registration that began meanwhile may have written its step before this
	// one.
	if state, _, err = w.registrationState(ctx, r); err != nil {
		return fail(err)
	}
	if state != registrationComplete {
		return fail(ErrSuperseded)
	}
	return nil
}

// randomID returns a number that is not 0.
func randomID() uint64 {
	var b [8]byte
	for {
		_, _ = rand.Read(b[:]) // never fails
		if id := binary.BigEndian.Uint64(b[:]); id != 0 {
			return id
		}
	}
}
