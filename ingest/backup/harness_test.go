package backup

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"glint/ingest/objects"
	"glint/ingest/warehouse"
)

// memory is a Store in memory, which can fail.
type memory struct {
	mu    sync.Mutex
	files map[string][]byte
	left  int // steps that succeed; below 0: all of them
	err   error
}

func newMemory() *memory { return &memory{files: map[string][]byte{}, left: -1} }

func (m *memory) step() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.left == 0 {
		return m.err
	}
	m.left--
	return nil
}

func (m *memory) Put(ctx context.Context, name string, content []byte) error {
	return m.Write(ctx, name, int64(len(content)), bytes.NewReader(content))
}

func (m *memory) Write(_ context.Context, name string, size int64, content io.Reader) error {
	if err := m.step(); err != nil {
		return err
	}
	b, err := io.ReadAll(content)
	if err == nil && int64(len(b)) != size {
		err = objects.ErrSize
	}
	if err != nil {
		return err
	}
	m.files[name] = b
	return nil
}

func (m *memory) Open(_ context.Context, name string) (io.ReadCloser, error) {
	if err := m.step(); err != nil {
		return nil, err
	}
	b, ok := m.files[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return io.NopCloser(bytes.NewReader(b)), nil
}

func (m *memory) List(context.Context) (all []objects.Object, err error) {
	if err := m.step(); err != nil {
		return nil, err
	}
	for name, content := range m.files {
		all = append(all, objects.Object{Name: name, Size: int64(len(content))})
	}
	return all, nil
}

func (m *memory) Remove(_ context.Context, name string) error {
	if m.err != nil && errors.Is(m.err, errKilled) {
		return m.err // a killed process removes nothing
	}
	delete(m.files, name)
	return nil
}

var errKilled = errors.New("killed")

func (m *memory) copied() *memory {
	c := newMemory()
	for name, content := range m.files {
		c.files[name] = bytes.Clone(content)
	}
	return c
}

func (m *memory) names() []string { return slices.Sorted(maps.Keys(m.files)) }

// tablesOf is a Source of made-up tables.
type tablesOf struct {
	blocks   map[string][][]byte
	exported []string
	during   func(table string)
}

func (s *tablesOf) Tables(context.Context) (all []warehouse.Table, err error) {
	for _, name := range slices.Sorted(maps.Keys(s.blocks)) {
		all = append(all, warehouse.Table{Name: name, Columns: []warehouse.TableColumn{{Name: "a", Type: "String"}}})
	}
	return all, nil
}

func (s *tablesOf) ExportTable(_ context.Context, t *warehouse.Table, visit func([]byte, uint64) error) error {
	s.exported = append(s.exported, t.Name)
	if s.during != nil {
		s.during(t.Name)
	}
	for _, block := range s.blocks[t.Name] {
		if err := visit(block, uint64(len(block))); err != nil {
			return err
		}
	}
	return nil
}

func someTables() *tablesOf {
	large := bytes.Repeat([]byte("0123456789abcdef"), 1<<16) // 1 MiB
	s := &tablesOf{blocks: map[string][][]byte{"empty": nil}}
	for _, name := range []string{
		"opens", "sends", "registrations", "unresolved_opens", "consents", "withdrawals", "campaigns", "campaign_changes", "campaign_totals",
		"aggregate_opens", "message_campaigns", "recipient_messages", "bad_tokens", "deliveries",
	} {
		s.blocks[name] = [][]byte{[]byte(name), []byte("more of " + name)}
	}
	for range 20 {
		s.blocks["opens"] = append(s.blocks["opens"], large)
	}
	return s
}

// aHome returns a home with a file of each kind.
func aHome(t testing.TB) string {
	t.Helper()
	home := filepath.Join(t.TempDir(), "home")
	for name, content := range map[string]string{
		"credentials.env": "A=b\n", "ignore.txt": "", "keys/pixel.keys": "secret", "keys/known.json": "{}",
		"consent/ledger.json": `{"node":"n"}`, "consent/settings.json": "{}", "deadletters/x.json": "letter", "replay/mark": "m",
		"log/batches/live/checkpoint.json": "{}", "log/batches/live/1.json": "{}", "log/receipts/since.json": "{}",
		"log/live/00000001-00000000000000000001.seg": "one", "log/live/00000002-00000000000000000009.seg": "two", "log/live/LOCK": "77",
		"log/replay/00000001-00000000000000000001.seg": "r", "log/live/quarantine/q.json": "q", "log/pixel.ledger": "p", "log/reserve": "room",
		"log/archive/live.json": "{}", "run/state.json": "{}", "warehouse/data/x": "engine", "keys/.glint-new-ABC": "half",
		"networks/relay.csv": "many",
	} {
		path := filepath.Join(home, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return home
}

// today is a time of the tests.
var today = time.Now().UTC()

// aBackup returns a backup of aHome and someTables.
func aBackup(t testing.TB) (*memory, *Manifest) {
	t.Helper()
	store := newMemory()
	m, err := Create(t.Context(), store, Options{Home: aHome(t), Warehouse: someTables(), Schema: 1, Now: func() time.Time { return today }})
	if err != nil {
		t.Fatal(err)
	}
	return store, m
}

// accepted returns why a restore refuses a backup, nil if it would take it.
func accepted(t testing.TB, store objects.Store) error {
	t.Helper()
	m, err := ReadManifest(t.Context(), store)
	if err != nil {
		return err
	}
	_, err = Check(t.Context(), store, m, nil)
	return err
}
