package event

import (
	"encoding/json"
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
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|").FindAllStringSubmatch(readFormat(t), -1) {
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
