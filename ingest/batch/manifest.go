package batch

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"glint/edge/classify"
	"glint/ingest/host/atomicfile"
)

// Manifest is the decision about a batch, made before its first try: which
// records of the log, under which name, by which rules. Every try inserts
// exactly these records under exactly this name, so that repeating a try whose
// answer was lost changes nothing.
type Manifest struct {
	Name           string `json:"name"`
	First          uint64 `json:"first_record"`
	Last           uint64 `json:"last_record"`
	RulesetVersion uint16 `json:"ruleset_version"` // in force at the decision; a newer binary uses its own
}

// newManifest decides a batch. Its name has a random part, so that it never
// equals another batch's name, not even in a log restored from a copy.
func newManifest(logID string, first, last uint64) Manifest {
	return Manifest{
		Name:  fmt.Sprintf("%s-%d-%d-%s", logID, first, last, rand.Text()[:12]),
		First: first, Last: last, RulesetVersion: classify.RulesetVersion,
	}
}

// manifests are the manifests of one lane, one file each, and the lane's
// checkpoint.
type manifests struct {
	dir string

	mu   sync.Mutex
	kept []Manifest // manifests on disk, in the order of their records
}

func openManifests(dir string) (*manifests, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make folder of batches: %w", err)
	}
	return &manifests{dir: dir}, nil
}

// save writes the manifest and returns when it is on disk.
func (m *manifests) save(x Manifest) error {
	if err := atomicfile.WriteJSON(m.path(x), "", x); err != nil {
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

// load returns the manifests in the order of their records. A damaged one is
// set aside and counted: its records must be looked up in the warehouse.
func (m *manifests) load() (all []Manifest, damaged int, err error) {
	entries, err := os.ReadDir(m.dir)
	if err != nil {
		return nil, 0, fmt.Errorf("read manifests: %w", err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".json") || strings.HasPrefix(e.Name(), ".") || e.Name() == checkpointFile {
			continue
		}
		var x Manifest
		err := readJSON(filepath.Join(m.dir, e.Name()), &x)
		if err == nil && (x.Name == "" || x.First > x.Last || m.path(x) != filepath.Join(m.dir, e.Name())) {
			err = fmt.Errorf("%w: %s names other records", errDamaged, e.Name())
		}
		if errors.Is(err, errDamaged) {
			damaged++
			err = m.setAside(e.Name())
		} else if err == nil {
			all = append(all, x)
		}
		if err != nil {
			return nil, 0, fmt.Errorf("read manifest: %w", err)
		}
	}
	slices.SortFunc(all, func(a, b Manifest) int { return cmp.Compare(a.First, b.First) })
	m.kept = slices.Clone(all)
	return all, damaged, nil
}

// forgetBefore removes the manifests whose records are all before record, which
// the log has released.
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

// drop removes manifests whose records are decided again.
func (m *manifests) drop(dropped []Manifest) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, x := range dropped {
		if err := m.remove(x); err != nil {
			return err
		}
	}
	m.kept = slices.DeleteFunc(m.kept, func(x Manifest) bool { return slices.Contains(dropped, x) })
	return nil
}

func (m *manifests) remove(x Manifest) error {
	if err := os.Remove(m.path(x)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("forget manifest: %w", err)
	}
	return nil
}
