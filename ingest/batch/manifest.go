package batch

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"glint/edge/classify"
	"glint/ingest/durable"
)

// Manifest is what a batch was decided to be, before it was first tried: which
// records of the log, under which name, by which rules. Every later try inserts
// exactly these records under exactly this name, so that a try whose answer was
// lost changes nothing when it is made again.
type Manifest struct {
	Name           string `json:"name"`
	First          uint64 `json:"first_record"`
	Last           uint64 `json:"last_record"`
	RulesetVersion uint16 `json:"ruleset_version"` // in force when it was decided; a newer binary judges by its own
}

// newManifest decides a batch. Its name has a random part, so that it never meets
// that of another batch, not even one of a log that was restored from a copy.
func newManifest(logID string, first, last uint64) Manifest {
	return Manifest{
		Name:  fmt.Sprintf("%s-%d-%d-%s", logID, first, last, rand.Text()[:12]),
		First: first, Last: last, RulesetVersion: classify.RulesetVersion,
	}
}

// manifests keeps the manifests of one lane, a file each, and how far the lane
// is acknowledged.
type manifests struct {
	dir string

	mu   sync.Mutex
	kept []Manifest // those on disk, in the order of their records
}

// checkpoint is how far a lane's records are in the warehouse.
type checkpoint struct {
	LogID        string `json:"log_id"`              // prefix of all names; random
	Acknowledged uint64 `json:"acknowledged_record"` // the last one of which all before are, too; 0: none
	BootID       string `json:"boot_id"`             // of the machine's run in which that was written
}

func openManifests(dir string) (*manifests, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make folder of batches: %w", err)
	}
	return &manifests{dir: dir}, nil
}

// save returns when the manifest is on disk.
func (m *manifests) save(x Manifest) error {
	b, err := json.Marshal(x)
	if err == nil {
		err = durable.WriteFile(m.path(x), append(b, '\n'))
	}
	if err != nil {
		return fmt.Errorf("keep manifest of a batch: %w", err)
	}
	m.mu.Lock()
	m.kept = append(m.kept, x)
	m.mu.Unlock()
	return nil
}

func (m *manifests) path(x Manifest) string {
	return filepath.Join(m.dir, fmt.Sprintf("%020d-%020d.json", x.First, x.Last))
}

// load returns the manifests in the order of their records.
func (m *manifests) load() ([]Manifest, error) {
	entries, err := os.ReadDir(m.dir)
	if err != nil {
		return nil, fmt.Errorf("read manifests: %w", err)
	}
	var all []Manifest
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".json") || strings.HasPrefix(e.Name(), ".") || e.Name() == checkpointFile {
			continue
		}
		var x Manifest
		if err := readJSON(filepath.Join(m.dir, e.Name()), &x); err != nil {
			return nil, fmt.Errorf("read manifest: %w", err)
		}
		all = append(all, x)
	}
	slices.SortFunc(all, func(a, b Manifest) int { return cmp.Compare(a.First, b.First) })
	m.kept = slices.Clone(all)
	return all, nil
}

// forgetBefore removes the manifests whose records are all before record: the
// log has let them go.
func (m *manifests) forgetBefore(record uint64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for len(m.kept) > 0 && m.kept[0].Last < record {
		if err := m.remove(m.kept[0]); err != nil {
			return err
		}
		m.kept = m.kept[1:]
	}
	return nil
}

func (m *manifests) remove(x Manifest) error {
	if err := os.Remove(m.path(x)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("forget manifest: %w", err)
	}
	return nil
}

const checkpointFile = "checkpoint.json"

func (m *manifests) checkpoint() (c checkpoint, err error) {
	err = readJSON(filepath.Join(m.dir, checkpointFile), &c)
	if errors.Is(err, fs.ErrNotExist) {
		return checkpoint{}, nil
	}
	if err != nil {
		return c, fmt.Errorf("read checkpoint: %w", err)
	}
	return c, nil
}

func (m *manifests) saveCheckpoint(c checkpoint) error {
	b, err := json.Marshal(c)
	if err == nil {
		err = durable.WriteFile(filepath.Join(m.dir, checkpointFile), append(b, '\n'))
	}
	if err != nil {
		return fmt.Errorf("keep checkpoint: %w", err)
	}
	return nil
}

func readJSON(path string, v any) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// bootID tells one run of the machine from another; "" where the kernel does
// not say (proc(5), /proc/sys/kernel/random/boot_id).
func bootID() string {
	b, _ := os.ReadFile("/proc/sys/kernel/random/boot_id") // none: ""
	return strings.TrimSpace(string(b))
}
