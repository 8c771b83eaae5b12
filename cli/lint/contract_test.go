package lint

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// TestContractHasTheFieldsOfTheCode holds cli/JSON.md against Finding.
func TestContractHasTheFieldsOfTheCode(t *testing.T) {
	text, err := os.ReadFile("../JSON.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "## `glint lint")
	section, _, _ = strings.Cut(section, "\n## ")
	fields := reflect.TypeFor[Finding]()
	written := regexp.MustCompile("(?m)^\\| `([a-z_]+)`").FindAllStringSubmatch(section, -1)
	if len(written) != fields.NumField() {
		t.Fatalf("%d fields are described, want %d", len(written), fields.NumField())
	}
	for i, m := range written {
		if tag := fields.Field(i).Tag.Get("json"); tag != m[1] {
			t.Errorf("field %d is described as %s, want %s", i, m[1], tag)
		}
	}
}
