package deadletters

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
)

// hasRoom reports whether a source may use that many more bytes. The first half
// of the quota is for whoever needs it; the second half is divided equally, and
// once the first is used up, a source that has more than its part of the second
// gets nothing. So each of n sources can always put down half of the quota by n,
// whatever the others do; ingest's log is divided in the same way.
func (f *Folder) hasRoom(source string, need int64) bool {
	if f.maxBytes <= 0 {
		return true
	}
	if f.bytes+need > f.maxBytes {
		return false
	}
	sources := map[string]bool{source: true}
	for used := range f.used {
		sources[used] = true
	}
	if f.Sources != nil {
		for _, s := range f.Sources() {
			sources[s] = true
		}
	}
	n := int64(len(sources))
	half := f.maxBytes / 2
	return n < 2 || f.bytes+need <= half || f.used[source]+need <= half/n
}

// maxHeadBytes is where a file's first letter has told its source.
const maxHeadBytes = 4 << 10

// sourceOf returns the source of a file's first letter; "" if it has none, or is
// gone, or is no such file.
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
