package event

import (
	"encoding/json"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"glint/edge/event/jsonline"
)

// fieldsOf returns the names of the top fields of a line.
func fieldsOf(t *testing.T, line string) map[string]json.RawMessage {
	t.Helper()
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(line), &fields); err != nil {
		t.Fatal(err)
	}
	return fields
}

func readFormat(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("FORMAT.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestFormatNamesExactlyTheFieldsOfTheCode(t *testing.T) {
	documented := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z0-9_]+)` \\| (?:text|number|object)").FindAllStringSubmatch(readFormat(t), -1) {
		documented[m[1]] = true
	}
	written := map[string]bool{}
	e := full()
	for name := range fieldsOf(t, string(e.AppendJSON(nil))) {
		written[name] = true
		if fieldNamed(name, 0) == fieldUnknown {
			t.Errorf("Parse does not know %s", name)
		}
	}
	if diff := cmp.Diff(documented, written); diff != "" {
		t.Errorf("-FORMAT.md +code:\n%s", diff)
	}
}

func TestParseExpectsTheOrderOfAppend(t *testing.T) {
	e := full()
	var written []string
	if err := jsonline.Walk(string(e.AppendJSON(nil)), func(key, _ string) error {
		written = append(written, `"`+key+`":`)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(written, fieldNames[:]); diff != "" {
		t.Errorf("-written +expected:\n%s", diff)
	}
}

func TestExampleOfFormatIsTheGoldenLine(t *testing.T) {
	golden, err := os.ReadFile("testdata/full.json")
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(readFormat(t), "```json\n")
	example, _, _ = strings.Cut(example, "```")
	if diff := cmp.Diff(string(golden), example); diff != "" {
		t.Errorf("-golden +FORMAT.md:\n%s", diff)
	}
}

// FORMAT.md's table of accepted values: Parse accepts and refuses as it says.
func TestParseTakesWhatFormatSays(t *testing.T) {
	fields := map[string]string{"number": "as_number", "text": "region"}
	taken, refused := 0, 0
	for _, row := range regexp.MustCompile("(?m)^\\| `?([a-z_]+)`? \\| (`.*`) \\| (.*) \\|$").FindAllStringSubmatch(readFormat(t), -1) {
		name := row[1]
		if n, ok := fields[name]; ok {
			name = n
		}
		for _, value := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(row[2], -1) {
			_, err := parsed(`{"` + name + `":` + value[1] + `}`)
			if want := row[3] != "refused"; (err == nil) != want {
				t.Errorf("%s %s: %v, but FORMAT.md says: %s", row[1], value[1], err, row[3])
			}
			if row[3] == "refused" {
				refused++
			} else {
				taken++
			}
		}
	}
	if taken < 15 || refused < 25 {
		t.Errorf("%d values are read and %d refused: the table is not found as a whole", taken, refused)
	}
}

// The limits that FORMAT.md gives in its text.
func TestLinesBeyondTheLimitsAreRefused(t *testing.T) {
	line := func(bytes int) string {
		const frame = `{"new":""}`
		return frame[:8] + strings.Repeat("x", bytes-len(frame)) + frame[8:]
	}
	if _, err := parsed(line(MaxReadBytes)); err != nil {
		t.Errorf("the longest line: %v", err)
	}
	if _, err := parsed(line(MaxReadBytes + 1)); !errors.Is(err, ErrTooLong) || !errors.Is(err, ErrInvalid) {
		t.Errorf("a longer line: %v", err)
	}
	for depth, want := range map[int]bool{32: true, 33: false} {
		if _, err := parsed(`{"new":` + strings.Repeat("[", depth) + strings.Repeat("]", depth) + `}`); (err == nil) != want {
			t.Errorf("%d arrays in the object: %v", depth, err)
		}
	}
	for _, limit := range []string{"16,384 bytes", "its values 32 deep", "4096 bytes"} {
		if !strings.Contains(readFormat(t), limit) {
			t.Errorf("FORMAT.md does not say %q", limit)
		}
	}
}

// Lines written before the fields path, protocol, ja4, class and web existed.
func TestOlderLinesAreRead(t *testing.T) {
	line, err := os.ReadFile("testdata/older.json")
	if err != nil {
		t.Fatal(err)
	}
	got, err := parsed(string(line))
	want := full()
	want.Path, want.Protocol, want.JA4, want.Class, want.Reason, want.RulesetVersion, want.Web = "", "", "", "", "", 0, ""
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v; -want +got:\n%s", err, diff)
	}
}
