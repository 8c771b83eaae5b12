package receipts

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Reader reads the receipts of a folder. It changes nothing, and may be used while another
// process writes them: it sees a receipt completely or not at all.
type Reader struct {
	dir   string
	hours []time.Time
}

// OpenReader returns the reader of a folder. Its error wraps fs.ErrNotExist if the folder
// is missing.
func OpenReader(dir string) (*Reader, error) {
	files, err := list(dir)
	if err != nil {
		return nil, err
	}
	s := &Reader{dir: dir}
	for _, f := range files {
		if len(s.hours) == 0 || !s.hours[len(s.hours)-1].Equal(f.hour) {
			s.hours = append(s.hours, f.hour)
		}
	}
	return s, nil
}

// Hours returns the hours that have receipts, the oldest first. The slice belongs to
// the reader.
func (s *Reader) Hours() []time.Time { return s.hours }

// Hour is an index of the receipts of one hour, without their events. It needs about 200
// bytes of memory for each receipt.
type Hour struct {
	// Damages is the number of damaged places: neither a receipt nor the end of a
	// write that never returned. Each contained at least one receipt.
	Damages int
	// TornBytes belong to writes that never returned.
	TornBytes int64

	files    []*os.File
	receipts []located
	names    map[string]string // interned names
}

// located is a receipt without its events, and their position.
type located struct {
	Receipt
	file   int
	offset int64 // of the keys
	events int
}

// Hour returns the index of the receipts of that hour. It checks every byte. Of two
// receipts for the same record it keeps the later one. The caller must close it.
func (s *Reader) Hour(hour time.Time) (*Hour, error) {
	files, err := list(s.dir) // again, since the writer may have added files
	if err != nil {
		return nil, err
	}
	h := &Hour{names: map[string]string{}}
	for _, f := range files {
		if !f.hour.Equal(hour) {
			continue
		}
		if err := h.locate(filepath.Join(s.dir, f.name())); err != nil {
			return nil, errors.Join(fmt.Errorf("read receipts: %w", err), h.Close())
		}
	}
	h.keepLast()
	return h, nil
}

// locate finds the receipts of one file.
func (h *Hour) locate(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it has expired
	}
	if err != nil {
		return err
	}
	h.files = append(h.files, f)
	info, err := f.Stat()
	if err != nil {
		return err
	}
	sc := newScanner(f, info.Size())
	for {
		fr, ok, err := sc.next()
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if !ok {
			break
		}
		h.add(&fr)
	}
	h.Damages += sc.damages
	h.TornBytes += sc.torn
	return nil
}

func (h *Hour) add(fr *frame) {
	text := fr.body[:fr.names()]
	logID, lane, source := text[:fr.logID], text[fr.logID:][:fr.lane], text[fr.logID+fr.lane:]
	h.receipts = append(h.receipts, located{
		Receipt: Receipt{
			LogID: h.name(logID), Lane: h.name(lane), Source: h.name(source),
			Record: fr.record, ReceivedAt: time.UnixMilli(fr.at).UTC(), Lines: int(fr.lines),
			BadTokens: int(fr.badTokens), DeadLetters: int(fr.deadLetters), OverCap: int(fr.overCap),
			Details: h.details(fr),
		},
		file: len(h.files) - 1, offset: fr.offset + fr.keys(), events: int(fr.events),
	})
}

func (h *Hour) details(fr *frame) (details []Detail) {
	b := fr.body[fr.names():]
	for range fr.details {
		name := bytes.TrimRight(b[:MaxDetailName], "\x00")
		details = append(details, Detail{h.name(name), int(binary.LittleEndian.Uint32(b[MaxDetailName:]))})
		b = b[detailSize:]
	}
	return details
}

// name returns b as an interned string, since many receipts share it.
func (h *Hour) name(b []byte) string {
	s, ok := h.names[string(b)]
	if !ok {
		s = string(b)
		h.names[s] = s
	}
	return s
}

// keepLast drops receipts that a later one for the same record replaces.
func (h *Hour) keepLast() {
	type key struct {
		logID  string
		record uint64
	}
	last := make(map[key]int, len(h.receipts))
	for i := range h.receipts {
		last[key{h.receipts[i].LogID, h.receipts[i].Record}] = i
	}
	if len(last) == len(h.receipts) {
		return
	}
	i := -1
	h.receipts = slices.DeleteFunc(h.receipts, func(r located) bool {
		i++
		return last[key{r.LogID, r.Record}] != i
	})
}

// Events returns the number of events in all receipts, repeats included.
func (h *Hour) Events() (n int) {
	for i := range h.receipts {
		n += h.receipts[i].events
	}
	return n
}

// Heads calls visit for each receipt, without its events but with their number.
// The receipt is valid until visit returns.
func (h *Hour) Heads(visit func(r *Receipt, events int) error) error {
	for i := range h.receipts {
		r := h.receipts[i].Receipt
		if err := visit(&r, h.receipts[i].events); err != nil {
			return err
		}
	}
	return nil
}

// Each calls visit for each receipt, in the order of the files. The receipt and
// its events are valid until visit returns.
func (h *Hour) Each(visit func(*Receipt) error) error {
	var raw []byte
	var keys []uint64
	for i := range h.receipts {
		at := &h.receipts[i]
		raw = slices.Grow(raw[:0], keySize*at.events)[:keySize*at.events]
		if _, err := h.files[at.file].ReadAt(raw, at.offset); err != nil {
			return fmt.Errorf("read receipts: %w", err)
		}
		keys = keys[:0]
		for b := raw; len(b) > 0; b = b[keySize:] {
			keys = append(keys, binary.LittleEndian.Uint64(b))
		}
		r := at.Receipt
		r.Events = keys
		if err := visit(&r); err != nil {
			return err
		}
	}
	return nil
}

// Close closes the files.
func (h *Hour) Close() error {
	var errs []error
	for _, f := range h.files {
		errs = append(errs, f.Close())
	}
	h.files = nil
	return errors.Join(errs...)
}
