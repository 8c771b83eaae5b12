package backup

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"glint/ingest/objects"
	"glint/ingest/warehouse"
)

// ManifestFile is written last; a folder with it is a backup.
const ManifestFile = "manifest.jsonl"

// formatVersion is the newest backup format that this program reads; it writes
// that one.
const formatVersion = 1

// The folders of a backup.
const (
	homeFolder      = "home/"
	warehouseFolder = "warehouse/"
)

// Header describes the whole backup.
type Header struct {
	Format     string    `json:"format"` // "glint backup"
	Version    int       `json:"version"`
	Glint      string    `json:"glint"`  // version of the program
	Schema     int64     `json:"schema"` // version of the warehouse's schema
	BeganAt    time.Time `json:"began_at"`
	FinishedAt time.Time `json:"finished_at"`
}

const formatName = "glint backup"

// File is one file of a backup.
type File struct {
	Name   string `json:"file"` // with slashes: home/… or warehouse/…
	Size   int64  `json:"size"` // bytes; a file of 0 bytes exists only as this line
	SHA256 string `json:"sha256"`
	Table  string `json:"table,omitempty"` // whose rows it has
	Rows   uint64 `json:"rows,omitempty"`
}

// Table is a table of a backup; tables are inserted in the order of their
// lines.
type Table struct {
	Name    string                  `json:"table"`
	Columns []warehouse.TableColumn `json:"columns"`
}

// end is the last line of a manifest.
type end struct {
	Files  int    `json:"files"`
	SHA256 string `json:"sha256"` // SHA-256 of all lines before
}

// Manifest lists everything in a backup. Its file has a JSON line for the
// Header, for each Table and each File, and an end line with the SHA-256 of the
// lines before.
type Manifest struct {
	Header
	Tables []Table
	Files  []File
}

// The reasons why a backup is refused.
var (
	ErrNoBackup = errors.New("backup: there is no whole backup here")
	ErrDamaged  = errors.New("backup: it is damaged")
	ErrNewer    = errors.New("backup: a newer glint made it")
)

// Rows returns the number of rows of all tables.
func (m *Manifest) Rows() (n uint64) {
	for i := range m.Files {
		n += m.Files[i].Rows
	}
	return n
}

// Bytes returns the size of all files but the manifest.
func (m *Manifest) Bytes() (n int64) {
	for i := range m.Files {
		n += m.Files[i].Size
	}
	return n
}

// encode returns the file of the manifest.
func (m *Manifest) encode() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	err := e.Encode(m.Header)
	for i := range m.Tables {
		err = errors.Join(err, e.Encode(m.Tables[i]))
	}
	for i := range m.Files {
		err = errors.Join(err, e.Encode(m.Files[i]))
	}
	sum := sha256.Sum256(b.Bytes())
	err = errors.Join(err, e.Encode(end{len(m.Files), hex.EncodeToString(sum[:])}))
	return b.Bytes(), err
}

// decode reads the file of a manifest and checks its consistency.
func decode(b []byte) (*Manifest, error) {
	last := bytes.LastIndexByte(bytes.TrimSuffix(b, []byte("\n")), '\n') + 1
	var e end
	err := strict(b[last:], &e)
	if again, _ := json.Marshal(e); err != nil || last == 0 || string(again)+"\n" != string(b[last:]) {
		return nil, fmt.Errorf("%w: %s is cut off", ErrDamaged, ManifestFile)
	}
	if sum := sha256.Sum256(b[:last]); hex.EncodeToString(sum[:]) != e.SHA256 {
		return nil, fmt.Errorf("%w: %s does not have its checksum", ErrDamaged, ManifestFile)
	}
	var m Manifest
	first := true
	for line := range bytes.Lines(b[:last]) {
		var err error
		switch {
		case first:
			if err = json.Unmarshal(line, &m.Header); err == nil {
				err = m.Header.check()
			}
			first = false
		case bytes.HasPrefix(line, []byte(`{"table"`)):
			m.Tables = append(m.Tables, Table{})
			err = strict(line, &m.Tables[len(m.Tables)-1])
		default:
			m.Files = append(m.Files, File{})
			err = strict(line, &m.Files[len(m.Files)-1])
		}
		if errors.Is(err, ErrNewer) {
			return nil, err
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrDamaged, ManifestFile, err)
		}
	}
	return &m, m.check(e.Files)
}

func strict(line []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if len(bytes.TrimSpace(line[d.InputOffset():])) > 0 {
		return errors.New("more than one document in a line")
	}
	return nil
}

func (h *Header) check() error {
	switch {
	case h.Format != formatName || h.Version < 1:
		return errors.New("it is no manifest of a backup")
	case h.Version > formatVersion:
		return fmt.Errorf("%w: its form is version %d, known up to %d", ErrNewer, h.Version, formatVersion)
	}
	return nil
}

// check refuses file names outside the backup, and inconsistent lists.
func (m *Manifest) check(files int) error {
	seen, tables := map[string]bool{}, map[string]bool{}
	for _, t := range m.Tables {
		if tables[t.Name] || t.Name == "" || strings.ContainsAny(t.Name, "/\\`") || len(t.Columns) == 0 {
			return fmt.Errorf("%w: a table that cannot be", ErrDamaged)
		}
		tables[t.Name] = true
	}
	for _, f := range m.Files {
		ours := strings.HasPrefix(f.Name, homeFolder) || strings.HasPrefix(f.Name, warehouseFolder)
		if !ours || seen[f.Name] || path.Clean(f.Name) != f.Name || f.Size < 0 || strings.ContainsAny(f.Name, "\x00\\") {
			return fmt.Errorf("%w: a file that cannot be", ErrDamaged)
		}
		if strings.HasPrefix(f.Name, warehouseFolder) != (f.Table != "") || f.Table != "" && !tables[f.Table] {
			return fmt.Errorf("%w: %s belongs to no table", ErrDamaged, f.Name)
		}
		seen[f.Name] = true
	}
	if files != len(m.Files) {
		return fmt.Errorf("%w: %s has %d files and says %d", ErrDamaged, ManifestFile, len(m.Files), files)
	}
	return nil
}

// maxManifestBytes is the limit for reading a manifest; a line has about 200
// bytes.
const maxManifestBytes = 1 << 30

// ReadManifest reads the manifest of a backup. It returns an error around
// ErrNoBackup, ErrDamaged or ErrNewer if there is no usable backup.
func ReadManifest(ctx context.Context, from objects.Store) (*Manifest, error) {
	r, err := from.Open(ctx, ManifestFile)
	var b []byte
	if err == nil {
		defer func() { _ = r.Close() }()
		b, err = io.ReadAll(io.LimitReader(r, maxManifestBytes))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s is missing, which a backup gets last", ErrNoBackup, ManifestFile)
	}
	if err != nil {
		return nil, err
	}
	return decode(b)
}

// Check reads the whole backup and compares it with its manifest. read is
// called with each file; nil: not called. others are files that do not belong
// to the backup; they do no harm. It returns an error around ErrDamaged that
// names the first faults.
func Check(ctx context.Context, from objects.Store, m *Manifest, read func(*File)) (others []string, err error) {
	list, err := from.List(ctx)
	if err != nil {
		return nil, err
	}
	sizes := map[string]int64{}
	for _, o := range list {
		sizes[o.Name] = o.Size
	}
	var faults []error
	for i := range m.Files {
		f := &m.Files[i]
		var err error
		size, ok := sizes[f.Name]
		switch {
		case f.Size == 0:
		case !ok:
			err = fmt.Errorf("%w: %s is missing", ErrDamaged, f.Name)
		case size != f.Size:
			err = fmt.Errorf("%w: %s has %d bytes, not %d", ErrDamaged, f.Name, size, f.Size)
		default:
			err = readFile(ctx, from, f, io.Discard)
		}
		delete(sizes, f.Name)
		if err != nil && !errors.Is(err, ErrDamaged) {
			return nil, err
		}
		if err != nil {
			if faults = append(faults, err); len(faults) == maxFaults {
				break
			}
		}
		if read != nil {
			read(f)
		}
	}
	delete(sizes, ManifestFile)
	for name := range sizes {
		others = append(others, name)
	}
	slices.Sort(others)
	return others, errors.Join(faults...)
}

// maxFaults is the number of faults that an error names.
const maxFaults = 10

// readFile copies a file of a backup and checks it. The copy is valid only if
// the error is nil.
func readFile(ctx context.Context, from objects.Store, f *File, to io.Writer) error {
	if f.Size == 0 {
		return nil
	}
	r, err := from.Open(ctx, f.Name)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(h, to), bufio.NewReaderSize(io.LimitReader(r, f.Size+1), 1<<16))
	if err != nil {
		return fmt.Errorf("read %s: %w", f.Name, err)
	}
	if n != f.Size || hex.EncodeToString(h.Sum(nil)) != f.SHA256 {
		return fmt.Errorf("%w: %s does not have its checksum", ErrDamaged, f.Name)
	}
	return nil
}
