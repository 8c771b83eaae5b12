package doctor

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestContractHasTheFieldsOfTheCode holds cli/JSON.md against what is printed.
func TestContractHasTheFieldsOfTheCode(t *testing.T) {
	text, err := os.ReadFile("../JSON.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "## `glint doctor URL --format json`")
	if !found {
		t.Fatal("cli/JSON.md has no section of glint doctor")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var out bytes.Buffer
	r := &chart{w: &out, json: true}
	r.add(ok, "pixel gif", "a finding")
	if err := r.finish(); err != nil {
		t.Fatal(err)
	}
	var document map[string]any
	if err := json.Unmarshal(out.Bytes(), &document); err != nil {
		t.Fatal(err)
	}
	fields := slices.Collect(maps.Keys(document))
	for field := range document["checks"].([]any)[0].(map[string]any) {
		fields = append(fields, "checks[]."+field)
	}
	for _, field := range fields {
		if !strings.Contains(section, "\n| `"+field+"` | ") {
			t.Errorf("cli/JSON.md lacks %s", field)
		}
	}
	if got := strings.Count(section, "\n| `"); got != len(fields) {
		t.Errorf("cli/JSON.md has %d fields, the output %d", got, len(fields))
	}
}
