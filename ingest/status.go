package ingest

import (
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"glint/edge/token"
	"glint/ingest/admission"
	"glint/ingest/feed"
	"glint/ingest/host/acmecert"
	"glint/ingest/keyring"
	"glint/ingest/networks"
	"glint/ingest/receiver"
	"glint/ingest/wal"
)

// Status is the answer to GET /v1/status: the state of the service, and the
// reasons why it is not ready. It contains no secrets and no events. Times are
// UTC.
type Status struct {
	Ready     bool            `json:"ready"`   // lines reach the warehouse
	Missing   []Problem       `json:"missing"` // reasons; [] when ready
	Version   string          `json:"version"`
	StartedAt time.Time       `json:"started_at"`
	Warehouse WarehouseStatus `json:"warehouse"`
	Lanes     []LaneStatus    `json:"lanes"`
	Disk      DiskStatus      `json:"disk"`
	Keys      []KeyStatus     `json:"keys"` // keys in use; [] until they are read
	Lists     []ListStatus    `json:"lists"`
	Mirrors   []MirrorStatus  `json:"mirrors"`
	Webhook   *feed.Status    `json:"webhook,omitempty"` // absent without --webhook

	// KeysProblem is the reason why Keys differ from the keys file; absent: they are equal.
	KeysProblem *Problem `json:"keys_problem,omitempty"`

	Certificates []CertificateStatus `json:"certificates,omitempty"` // of --pixel-tls-auto

	// LastReceivedAt is when the newest record of this run was received; null:
	// none.
	LastReceivedAt *time.Time `json:"last_received_at"`
}

// WarehouseStatus is the state of the warehouse.
type WarehouseStatus struct {
	State    string    `json:"state"` // "up", or a Problem's code
	Since    time.Time `json:"since"`
	Embedded bool      `json:"embedded"`
	URL      string    `json:"url,omitempty"` // URL of the embedded engine, once it runs
	Migrated bool      `json:"migrated"`      // its schema has this program's version

	Late []LateStatus `json:"late,omitempty"` // shards whose latest opens may be missing from reports
}

// LateStatus is a shard that does not answer or is behind.
type LateStatus struct {
	Shard         int     `json:"shard"` // from 1; 0: the warehouse has no shards
	State         string  `json:"state"` // "away" or "behind"
	BehindSeconds float64 `json:"behind_seconds"`
}

// LaneStatus is the state of a lane of the log: live, replay or sends. The last one has
// the posts of messages.
type LaneStatus struct {
	Lane              string  `json:"lane"`
	BacklogRecords    uint64  `json:"backlog_records"` // records that are not in the warehouse
	BacklogBytes      int64   `json:"backlog_bytes"`
	BacklogAgeSeconds float64 `json:"backlog_age_seconds"`
	LimitBytes        int64   `json:"limit_bytes"`
	Refusing          string  `json:"refusing,omitempty"` // reason why bodies are refused now; "": they are accepted
}

// DiskStatus is the state of the log's disk.
type DiskStatus struct {
	FreeBytes  int64 `json:"free_bytes"` // -1: unknown
	TotalBytes int64 `json:"total_bytes"`
}

// KeyStatus is a pixel key.
type KeyStatus struct {
	ID          uint8  `json:"id"`
	State       string `json:"state"`
	Fingerprint string `json:"fingerprint"`
}

// ListStatus is a list of networks.
type ListStatus struct {
	List    string    `json:"list"`
	TakenAt time.Time `json:"taken_at"`
}

// statusBoard assembles the status.
type statusBoard struct {
	cfg     *Config
	startup *startup
	gate    *admission.Gate
	sources atomic.Pointer[networks.Sources] // nil without a pixel

	certificates atomic.Pointer[acmecert.Source] // nil if the pixel obtains no certificates itself
	startedAt    time.Time
}

func (b *statusBoard) now() Status {
	s := Status{
		Version: b.cfg.Version, StartedAt: b.startedAt.UTC().Truncate(time.Second),
		Missing: []Problem{}, Lanes: []LaneStatus{}, Keys: []KeyStatus{}, Lists: []ListStatus{}, Mirrors: []MirrorStatus{},
	}
	b.warehouse(&s)
	b.lanes(&s)
	s.Webhook = b.startup.pipelines.feed.Status()
	if sources := b.sources.Load(); sources != nil {
		dates := sources.Book().Dates()
		for _, list := range slices.Sorted(maps.Keys(dates)) {
			s.Lists = append(s.Lists, ListStatus{list, dates[list].UTC()})
		}
	}
	for _, m := range b.startup.pipelines.mirrors {
		s.Mirrors = append(s.Mirrors, m.status())
	}
	if certificates := b.certificates.Load(); certificates != nil {
		s.addCertificates(certificates.States(), time.Now())
	}
	s.Ready = len(s.Missing) == 0
	return s
}

func (b *statusBoard) warehouse(s *Status) {
	st := b.startup
	late := st.late()
	st.mu.Lock()
	defer st.mu.Unlock()
	s.Warehouse = WarehouseStatus{
		State: "up", Since: st.since.UTC().Truncate(time.Millisecond), Embedded: b.cfg.Engine != nil,
		URL: st.handle.address, Migrated: st.migrated,
	}
	if st.problem != nil {
		s.Warehouse.State = st.problem.Code
		s.Missing = append(s.Missing, *st.problem)
	}
	if ring := st.ring.Load(); ring != nil {
		s.Keys = keyStatus(ring)
	}
	for _, l := range late {
		state := LateStatus{l.Shard, "behind", l.Behind.Seconds()}
		if l.Away {
			state.State = "away"
		}
		if l.Matters() {
			s.Warehouse.Late = append(s.Warehouse.Late, state)
		}
	}
	s.KeysProblem = st.keysProblem()
}

func keyStatus(ring *token.Ring) []KeyStatus {
	keys := ring.Keys()
	all := make([]KeyStatus, len(keys))
	for i := range keys {
		all[i] = KeyStatus{keys[i].ID, keys[i].State.String(), keyring.Fingerprint(&keys[i])}
	}
	return all
}

func (b *statusBoard) lanes(s *Status) {
	for _, lane := range []receiver.Lane{receiver.LaneLive, receiver.LaneReplay} {
		w := b.startup.lanes.Lane(string(lane)).Stats()
		l := newLaneStatus(string(lane), &w)
		if refusal := b.gate.Refusal(lane); refusal != nil {
			l.Refusing = refusal.Reason
			s.Missing = append(s.Missing, Problem{Code: refusal.Reason, Text: refusal.Message})
		}
		s.Lanes = append(s.Lanes, l)
		if lane == receiver.LaneLive {
			s.Disk = DiskStatus{w.DiskFree, w.DiskBytes}
		}
		s.LastReceivedAt = later(s.LastReceivedAt, &w)
	}
	w := b.startup.lanes.Sends.Stats()
	l := newLaneStatus(wal.LaneSends, &w)
	if refusal := b.gate.DiskRefusal(); refusal != nil { // Missing has it already
		l.Refusing = refusal.Reason
	}
	s.Lanes = append(s.Lanes, l)
}

func newLaneStatus(lane string, w *wal.Stats) LaneStatus {
	return LaneStatus{
		Lane: lane, BacklogRecords: w.BacklogRecords, BacklogBytes: w.BacklogBytes,
		BacklogAgeSeconds: w.BacklogAge.Seconds(), LimitBytes: w.MaxBytes,
	}
}

// later returns the later of a time and the time of a lane's newest record.
func later(at *time.Time, w *wal.Stats) *time.Time {
	last := w.LastReceivedAt.UTC()
	if last.IsZero() || at != nil && !last.After(*at) {
		return at
	}
	return &last
}
