package wal

import (
	"context"
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"glint/ingest/host/disk/disksim"
)

var update = flag.Bool("update", false, "rewrite golden files")

// TestSegmentBytesAreFrozen: a segment written by this program equals, byte for
// byte, the one in testdata that FORMAT.md describes. A difference requires a
// new format version.
func TestSegmentBytesAreFrozen(t *testing.T) {
	fs := disksim.New()
	l := mustOpen(t, testOptions(fs))
	l.committer.salt = func() uint32 { return 0x5eed5a17 }
	mustAppend(t, l, "one line\n")
	if _, err := l.Append(context.Background(), &Record{ReceivedAt: received}); err != nil {
		t.Fatal(err)
	}
	mustClose(t, l)
	names, files := filesOf(fs)
	if len(names) != 1 || filepath.Base(names[0]) != "00000001-00000000000000000001.seg" {
		t.Fatalf("segments %v", names)
	}
	got := hex.Dump(files[names[0]])
	golden := filepath.Join("testdata", "segment.hex")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("segment is\n%s\nwant\n%s", got, want)
	}
}

// TestFormatPageShowsTheGoldenSegment keeps FORMAT.md correct.
func TestFormatPageShowsTheGoldenSegment(t *testing.T) {
	page, err := os.ReadFile("FORMAT.md")
	if err != nil {
		t.Fatal(err)
	}
	golden, err := os.ReadFile(filepath.Join("testdata", "segment.hex"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(golden)), "\n")
	shown := 0
	for _, line := range lines {
		if strings.Contains(string(page), line) {
			shown++
		}
	}
	if shown != len(lines) {
		t.Errorf("FORMAT.md shows %d of the %d lines of the golden segment", shown, len(lines))
	}
}

func TestLaterFormatIsRefused(t *testing.T) {
	fs, _ := smallLog(t, true)
	names, files := filesOf(fs)
	data := files[names[1]]
	for _, copyAt := range []int{0, headerSize} {
		data[copyAt+8] = formatVersion + 1
		sumHeader(data[copyAt : copyAt+headerSize])
	}
	_, err := Open(testOptions(with(fs, names[1], data)))
	if err == nil || !strings.Contains(err.Error(), ErrVersion.Error()) {
		t.Errorf("open: %v, want ErrVersion", err)
	}
}

func TestOnlySegmentNamesAreTakenForSegments(t *testing.T) {
	for name, want := range map[string]bool{
		"00000001-00000000000000000001.seg":             true,
		"12345678901-18446744073709551615.seg":          true,
		"1-00000000000000000001.seg":                    false,
		"00000000-00000000000000000001.seg":             false,
		"00000001-00000000000000000000.seg":             false,
		"00000001-99999999999999999999.seg":             false,
		"000000001-00000000000000000001.seg":            false,
		"00000001-00000000000000000001.seg.tmp":         false,
		"LOCK":                                          false,
		"99999999999999999999-00000000000000000001.seg": false,
	} {
		if _, _, got := parseFileName(name); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}
