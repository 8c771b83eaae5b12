package home

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"glint/edge/token"
	"glint/ingest/host/atomicfile"
)

// ErrNotRunning is returned by ReadState if no instance of glint runs.
var ErrNotRunning = errors.New("home: glint is not running")

// State is the information that other commands need about the running instance.
type State struct {
	Home        string    `json:"home"` // detects a copy of the folder
	PID         int       `json:"pid"`
	ProcessID   string    `json:"process_id"` // differs for a later process with the same pid
	StartedAt   time.Time `json:"started_at"`
	Pixel       string    `json:"pixel,omitempty"`
	PixelModes  bool      `json:"pixel_modes,omitempty"` // the pixel is this program's own, which knows privacy modes
	Ingest      string    `json:"ingest"`
	Starting    bool      `json:"starting,omitempty"`  // its warehouse cannot be used yet
	Warehouse   string    `json:"warehouse,omitempty"` // "" if the warehouse is not embedded, or not up yet
	Metrics     string    `json:"metrics"`
	Web         string    `json:"web,omitempty"` // of the pages; "": there are none
	Credentials string    `json:"credentials"`
	PixelKeys   []int     `json:"pixel_keys"` // ids of the keys that the instance knows
	Archive     *Archive  `json:"archive,omitempty"`
	Settings    *Settings `json:"settings,omitempty"` // nil: of an older program
}

// Settings are the flags of the running instance that decide which data is kept, and who sees it.
type Settings struct {
	Version            string   `json:"version"`
	IPPrecision        string   `json:"ip_precision"`
	PrivacySignals     string   `json:"privacy_signals"`
	LogRetain          string   `json:"log_retain"`
	Sites              []string `json:"sites,omitempty"`
	Visitors           bool     `json:"visitors,omitempty"` // the visitors of a site are distinguished for a day
	PreferencesAgree   string   `json:"preferences_agree"`
	FastlyServices     []string `json:"fastly_services,omitempty"`
	Standalone         bool     `json:"standalone,omitempty"` // it has the standalone pixel
	PixelTLS           bool     `json:"pixel_tls,omitempty"`
	IngestTLS          bool     `json:"ingest_tls,omitempty"`
	ClientCertificates bool     `json:"client_certificates,omitempty"` // ingest requires them
	WarehouseHost      string   `json:"warehouse_host,omitempty"`      // of an external warehouse; "": it is embedded
	MirrorHosts        []string `json:"mirror_hosts,omitempty"`
	WebhookHost        string   `json:"webhook_host,omitempty"` // "": no webhook
	WebhookRecipient   bool     `json:"webhook_recipient,omitempty"`
}

// Archive is the place where the running instance archives accepted lines.
type Archive struct {
	Place    string `json:"place"` // a folder, absolute, or s3://BUCKET/PREFIX
	Endpoint string `json:"endpoint,omitempty"`
	Region   string `json:"region,omitempty"`
}

// KeyIDs returns the ids of a ring's keys, for State.PixelKeys.
func KeyIDs(r *token.Ring) []int {
	ids := []int{}
	for _, k := range r.Keys() {
		ids = append(ids, int(k.ID))
	}
	return ids
}

// WriteState writes the state of this process.
func (h Home) WriteState(s State) error {
	s.Home, s.PID = string(h), os.Getpid()
	s.ProcessID = processID(s.PID)
	s.StartedAt = time.Now().UTC().Truncate(time.Second)
	if err := atomicfile.WriteJSON(h.StateFile(), "  ", s); err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	return nil
}

// StateKeeper writes the state of this process, with retries, for example while the disk
// is full. Use it from one goroutine at a time.
type StateKeeper struct {
	Home  Home
	Fault func(error) // receives the first error of each state

	mu     sync.Mutex
	latest int
}

// statePause is the pause between two tries to write the state.
const statePause = 5 * time.Second

// Keep replaces the state by s. If that fails, it retries in the background until ctx ends.
func (k *StateKeeper) Keep(ctx context.Context, s State) {
	k.mu.Lock()
	k.latest++
	mine := k.latest
	err := k.Home.WriteState(s)
	k.mu.Unlock()
	if err == nil {
		return
	}
	k.Fault(err)
	go func() {
		for err != nil {
			select {
			case <-ctx.Done():
				return
			case <-time.After(statePause):
			}
			k.mu.Lock()
			if k.latest != mine {
				k.mu.Unlock()
				return
			}
			err = k.Home.WriteState(s)
			k.mu.Unlock()
		}
	}()
}

// RemoveState removes the state if it is this process's.
func (h Home) RemoveState() error {
	s, err := h.ReadState()
	if err != nil || s.PID != os.Getpid() {
		return nil //nolint:nilerr // another process's state, or a missing one, is not ours to remove
	}
	return os.Remove(h.StateFile())
}

// ReadState returns the running instance's state, or ErrNotRunning. It ignores the state
// of a process that has ended, and a state that names another home: that was copied with
// the folder, and its process must not be touched from here.
func (h Home) ReadState() (State, error) {
	var s State
	b, err := os.ReadFile(h.StateFile())
	if errors.Is(err, fs.ErrNotExist) {
		return s, ErrNotRunning
	}
	if err != nil {
		return s, fmt.Errorf("read state: %w", err)
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return s, fmt.Errorf("read state %s: %w", h.StateFile(), err)
	}
	alive := syscall.Kill(s.PID, 0)
	if s.PID <= 0 || errors.Is(alive, syscall.ESRCH) || s.ProcessID != processID(s.PID) || !h.is(s.Home) {
		return State{}, ErrNotRunning
	}
	return s, nil
}

// is reports whether path is this folder, whatever its name.
func (h Home) is(path string) bool {
	here, err := os.Stat(string(h))
	if err != nil || path == "" {
		return false
	}
	there, err := os.Stat(path)
	return err == nil && os.SameFile(here, there)
}

// processID returns the process's start time in the kernel's ticks since boot, or "" if
// the kernel does not report it, or the process has ended and only its parent has not
// asked for its exit code, as in a container whose first process never does. They are
// the fields 22 and 3 of /proc/PID/stat, counted after the command in parentheses (proc(5)).
func processID(pid int) string {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	stat := string(b)
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 20 || fields[0] == "Z" || fields[0] == "X" {
		return ""
	}
	return fields[19]
}
