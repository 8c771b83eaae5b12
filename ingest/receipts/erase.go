package receipts

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"glint/ingest/host/atomicfile"
)

// Erase removes events from all receipts, and reduces their lines accordingly, as if the
// events had never arrived. It returns the number of removed events. Each file is replaced
// atomically; after an error, repeat the call to complete it.
func (b *Writer) Erase(events map[uint64]bool) (erased int, err error) {
	if len(events) == 0 {
		return 0, nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return 0, ErrClosed
	}
	for len(b.open) > 0 { // later receipts go to new files
		if err := b.leave(b.open[0]); err != nil {
			return 0, fmt.Errorf("erase receipts: %w", err)
		}
	}
	for _, f := range b.files {
		n, err := b.eraseFile(f, events)
		erased += n
		if err != nil {
			return erased, fmt.Errorf("erase receipts: %w", err)
		}
	}
	return erased, nil
}

func (b *Writer) eraseFile(f *file, events map[uint64]bool) (erased int, err error) {
	path := filepath.Join(b.opt.Dir, f.name())
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	content, erased, err := without(text, events)
	if err != nil || erased == 0 {
		return 0, err
	}
	if err := atomicfile.WriteFile(path, content); err != nil {
		return 0, err
	}
	b.bytes.Add(int64(len(content)) - f.bytes)
	f.bytes = int64(len(content))
	return erased, nil
}

// without returns the content of a file without the events. Bytes that are no receipt
// stay, so that damage stays visible.
func without(text []byte, events map[uint64]bool) (content []byte, erased int, err error) {
	sc := newScanner(bytes.NewReader(text), int64(len(text)))
	var copied int64
	for {
		fr, ok, err := sc.next()
		if err != nil {
			return nil, 0, err
		}
		if !ok {
			return append(content, text[copied:]...), erased, nil
		}
		content = append(content, text[copied:fr.offset]...)
		copied = fr.offset + fr.size()
		n := 0
		keys := slices.Clone(fr.body[fr.keys()-headSize:])
		kept := keys[:0]
		for ; len(keys) > 0; keys = keys[keySize:] {
			if events[binary.LittleEndian.Uint64(keys)] {
				n++
				continue
			}
			kept = append(kept, keys[:keySize]...)
		}
		if n == 0 {
			content = append(content, text[fr.offset:copied]...)
			continue
		}
		erased += n
		content = appendFrame(content, fr.receipt(kept, n))
	}
}

// receipt returns the receipt of a frame, with other keys and with fewer lines.
func (fr *frame) receipt(keys []byte, fewer int) *Receipt {
	h := &Hour{names: map[string]string{}}
	h.files = append(h.files, nil) // the file is not read through it
	h.add(fr)
	r := h.receipts[0].Receipt
	r.ReceivedAt = time.UnixMilli(fr.at).UTC()
	r.Lines = max(0, r.Lines-fewer)
	for ; len(keys) > 0; keys = keys[keySize:] {
		r.Events = append(r.Events, binary.LittleEndian.Uint64(keys))
	}
	return &r
}
