package warehouse

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"
)

// TestRegistrationsAgreeWithTheDefinition runs several registrations of one
// campaign in random steps: they begin, write parts, are repeated, are abandoned and
// complete, interleaved. After each step the report must have the messages of the model
// in plain Go.
func TestRegistrationsAgreeWithTheDefinition(t *testing.T) {
	e, w := engine(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	for range 3 {
		e.Empty(t)
		m := model{t: t, w: w, campaign: newCase(t, w), random: random, rows: map[uuid.UUID]modelRow{}, complete: map[uint64]bool{0: true}}
		m.old(40)
		for range 20 {
			m.step()
			m.compare()
			if random.IntN(10) == 0 {
				text(t, e, "OPTIMIZE TABLE sends FINAL")
				text(t, e, "OPTIMIZE TABLE registrations FINAL")
			}
		}
	}
}

const modelMessages = 120

// model is the definition: the row of each message, the latest of those that were
// written, and which registrations are complete.
type model struct {
	t        *testing.T
	w        *Warehouse
	campaign uint64
	random   *rand.Rand
	rows     map[uuid.UUID]modelRow
	complete map[uint64]bool
	open     []*modelRegistration
	inserts  int
}

type modelRow struct {
	registration uint64
	at           time.Time
	test         bool
	state        string
}

type modelRegistration struct {
	Registration
	known      *KnownSends
	file       []Send
	written    int
	superseded bool
}

// old inserts rows as an older program did: complete by themselves.
func (m *model) old(n int) {
	var rows []Send
	for i := range n {
		rows = append(rows, Send{CampaignID: m.campaign, MessageID: messageOf(i), Recipient: fmt.Sprint(i), State: []string{"", StateBounced}[i%2]})
	}
	m.insert(rows)
}

func (m *model) insert(rows []Send) {
	m.inserts++
	if err := m.w.InsertSends(m.t.Context(), fmt.Sprint("model ", m.campaign, m.inserts), rows); err != nil {
		m.t.Fatal(err)
	}
	for _, s := range rows {
		if !m.rows[s.MessageID].at.After(s.RegisteredAt) {
			m.rows[s.MessageID] = modelRow{s.Registration, s.RegisteredAt, s.Test == TestYes, s.State}
		}
	}
}

func (m *model) step() {
	if len(m.open) == 0 || m.random.IntN(4) == 0 {
		m.begin()
		return
	}
	r := m.open[m.random.IntN(len(m.open))]
	if len(r.file) > 0 && m.random.IntN(4) > 0 {
		m.write(r)
		return
	}
	m.finish(r)
}

func (m *model) begin() {
	first := m.random.IntN(modelMessages / 2)
	last := first + 1 + m.random.IntN(modelMessages/2)
	begun, err := m.w.BeginRegistration(m.t.Context(), m.campaign, last-first)
	if err != nil {
		m.t.Fatal(err)
	}
	for _, other := range m.open {
		other.superseded = true
	}
	r := &modelRegistration{Registration: begun}
	if r.known, err = m.w.KnownSends(m.t.Context(), m.campaign); err != nil {
		m.t.Fatal(err)
	}
	test := []Test{TestUnsaid, TestUnsaid, TestNo, TestYes}[m.random.IntN(4)]
	for i := first; i < last; i++ {
		r.file = append(r.file, Send{MessageID: messageOf(i), Recipient: fmt.Sprint(i), Test: test})
	}
	m.open = append(m.open, r)
}

// write writes some rows of the file, perhaps some of them twice.
func (m *model) write(r *modelRegistration) {
	n := 1 + m.random.IntN(len(r.file))
	var rows []Send
	for _, s := range r.file[:n] {
		if row, write := r.Merge(r.known, s); write {
			rows = append(rows, row)
			if row.Registration == r.ID {
				r.written++
			}
		}
	}
	r.file = r.file[n:]
	if len(rows) == 0 {
		return
	}
	m.insert(rows)
	if m.random.IntN(3) == 0 {
		m.insert(rows)
	}
}

// finish completes a registration, perhaps before its file was written to the end. It
// must fail if another one began since.
func (m *model) finish(r *modelRegistration) {
	written := r.written
	if len(r.file) > 0 {
		for _, s := range r.file {
			if row, write := r.Merge(r.known, s); write && row.Registration == r.ID {
				written++
			}
		}
	}
	err := m.w.CompleteRegistration(m.t.Context(), r.Registration, written)
	switch {
	case r.superseded:
		if !errors.Is(err, ErrSuperseded) {
			m.t.Fatalf("a superseded registration ended with %v", err)
		}
	case written > r.written:
		if !errors.Is(err, ErrRowsMissing) {
			m.t.Fatalf("%d of %d rows: %v", r.written, written, err)
		}
		return // it is still open
	case err != nil:
		m.t.Fatal(err)
	default:
		m.complete[r.ID] = true
	}
	for i := range m.open {
		if m.open[i] == r {
			m.open = append(m.open[:i], m.open[i+1:]...)
			return
		}
	}
}

func (m *model) compare() {
	m.t.Helper()
	var sends, delivered, tests uint64
	for _, row := range m.rows {
		switch {
		case !m.complete[row.registration]:
		case row.test:
			tests++
		default:
			sends++
			if row.state != StateBounced {
				delivered++
			}
		}
	}
	r, err := m.w.ReportOf(m.t.Context(), "case")
	if err != nil {
		m.t.Fatal(err)
	}
	if r.Sends != sends || r.Delivered != delivered || r.Tests != tests {
		m.t.Fatalf("%d sends, %d delivered, %d tests; want %d, %d, %d", r.Sends, r.Delivered, r.Tests, sends, delivered, tests)
	}
	// The old messages remain, whatever the outcome of later registrations.
	if sends+tests < 40 {
		m.t.Fatalf("%d messages are left of the 40 that counted", sends+tests)
	}
}
