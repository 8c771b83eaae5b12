package gatekeeper

import (
	"os"
	"strings"
	"testing"
)

// The engine's tests compare its table functions with the reviewed ones.
func TestEachReviewedTableFunctionIsAllowedOrRefused(t *testing.T) {
	reviewed, err := os.ReadFile("../testdata/reviewed_table_functions.txt")
	if err != nil {
		t.Fatal(err)
	}
	names := strings.Fields(string(reviewed))
	for _, name := range names {
		name = strings.ToLower(name)
		if !allowedTableFunctions[name] && !refusedTableFunctions[name] && name != "format" {
			t.Errorf("the table function %s is on neither list", name)
		}
	}
	if len(names) < 50 {
		t.Errorf("%d table functions were reviewed", len(names))
	}
}
