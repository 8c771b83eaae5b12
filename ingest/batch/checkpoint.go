package batch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"glint/ingest/host/atomicfile"
)

// checkpoint is the last record up to which a lane is in the warehouse.
type checkpoint struct {
	LogID        string `json:"log_id"`                      // prefix of all names; random
	Acknowledged uint64 `json:"acknowledged_record"`         // all records up to this one are in the warehouse; 0: none
	BootID       string `json:"boot_id"`                     // boot id of the machine when that was written
	Redo         uint64 `json:"redo_until_record,omitempty"` // records up to this one may be in the warehouse under other names
	Sum          string `json:"sum,omitempty"`               // CRC-32C of the fields above; "" in files of older versions
}

const checkpointFile = "checkpoint.json"

// errDamaged is wrapped by errors about a file of a lane whose content the lane
// cannot have written.
var errDamaged = errors.New("batch: damaged file")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (c *checkpoint) sum() string {
	text := fmt.Sprintf("%q %d %q %d", c.LogID, c.Acknowledged, c.BootID, c.Redo)
	return fmt.Sprintf("%08x", crc32.Checksum([]byte(text), castagnoli))
}

// checkpoint returns the lane's checkpoint, or a zero one if there is no file
// yet. It wraps errDamaged if the content is invalid.
func (m *manifests) checkpoint() (c checkpoint, err error) {
	path := filepath.Join(m.dir, checkpointFile)
	err = readJSON(path, &c)
	if errors.Is(err, fs.ErrNotExist) {
		return checkpoint{}, nil
	}
	if err == nil && (c.LogID == "" || c.Sum != "" && c.Sum != c.sum()) {
		err = fmt.Errorf("%w: %s: its checksum is wrong", errDamaged, path)
	}
	if err != nil {
		return checkpoint{}, fmt.Errorf("read checkpoint: %w", err)
	}
	return c, nil
}

func (m *manifests) saveCheckpoint(c checkpoint) error {
	c.Sum = c.sum()
	if err := atomicfile.WriteJSON(filepath.Join(m.dir, checkpointFile), "", c); err != nil {
		return fmt.Errorf("keep checkpoint: %w", err)
	}
	return nil
}

// readJSON reads the single document of a file and refuses unknown fields. It
// wraps errDamaged unless the file is missing or the process lacks resources.
func readJSON(path string, v any) error {
	b, err := os.ReadFile(path)
	if err != nil {
		for _, passing := range []error{fs.ErrNotExist, syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM} {
			if errors.Is(err, passing) {
				return err
			}
		}
		return fmt.Errorf("%w: %w", errDamaged, err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("%w: %s: %w", errDamaged, path, err)
	}
	if rest := bytes.TrimSpace(b[d.InputOffset():]); len(rest) > 0 {
		return fmt.Errorf("%w: %s: %d bytes too many", errDamaged, path, len(rest))
	}
	return nil
}

// damagedSuffix marks a file that was set aside.
const damagedSuffix = ".damaged"

// setAside renames a damaged file, replacing an earlier one.
func (m *manifests) setAside(name string) error {
	path := filepath.Join(m.dir, name)
	err := os.RemoveAll(path + damagedSuffix)
	if err == nil {
		err = os.Rename(path, path+damagedSuffix)
	}
	if err == nil {
		err = atomicfile.SyncDir(m.dir)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("set a damaged file aside: %w", err)
	}
	return nil
}

// logIDOf returns the log's id in the name of a batch, "" if it has none.
func logIDOf(m Manifest) string {
	id, _, ok := strings.Cut(m.Name, fmt.Sprintf("-%d-%d-", m.First, m.Last))
	if !ok {
		return ""
	}
	return id
}

// BootID returns the random id of this boot of the machine, or "" if the kernel
// has none (proc(5), /proc/sys/kernel/random/boot_id).
func BootID() string {
	b, _ := os.ReadFile("/proc/sys/kernel/random/boot_id") // none: ""
	return strings.TrimSpace(string(b))
}
