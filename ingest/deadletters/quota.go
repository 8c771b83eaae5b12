package deadletters

import (
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"glint/ingest/admission/fairshare"
)

// hasRoom reports whether a source may use that many more bytes within the
// quota and its fair share. The sources are those with letters, those that may
// write now, and this one.
func (f *Folder) hasRoom(source string, need int64) bool {
	if f.maxBytes <= 0 {
		return true
	}
	if f.bytes+need > f.maxBytes {
		return false
	}
	sources := append(slices.Collect(maps.Keys(f.used)), source)
	if f.Sources != nil {
		sources = append(sources, f.Sources()...)
	}
	limits, ok := fairshare.Of(f.maxBytes, len(fairshare.Sources(sources)))
	return !ok || f.bytes+need <= limits.Free || f.used[source]+need <= limits.Own
}

// maxHeadBytes is the part of a file that contains the source of its first
// letter.
const maxHeadBytes = 4 << 10

// sourceOf returns the source of a file's first letter, or "" if it has none,
// is gone, or is not a file of letters.
func (f *Folder) sourceOf(name string) string {
	file, err := os.Open(filepath.Join(f.dir, name))
	if err != nil {
		return ""
	}
	defer func() { _ = file.Close() }() // only read
	d := json.NewDecoder(io.LimitReader(file, maxHeadBytes))
	for isSource := false; ; {
		t, err := d.Token()
		if err != nil {
			return ""
		}
		text, _ := t.(string)
		if isSource {
			return text
		}
		isSource = text == "source"
		if text == "line" || text == "line_base64" {
			return ""
		}
	}
}
