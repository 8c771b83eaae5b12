package classify

import (
	"strings"
	"testing"
)

func TestEveryASIsFound(t *testing.T) {
	before := uint32(0)
	for _, as := range ownASes {
		if as.number <= before {
			t.Errorf("AS %d stands behind AS %d", as.number, before)
		}
		before = as.number
		if ownerOf(as.number) != as.owner {
			t.Errorf("AS %d is not found", as.number)
		}
	}
	for _, number := range []uint32{0, 1, 64496, 4294967295} {
		if ownerOf(number) != 0 {
			t.Errorf("AS %d has an owner", number)
		}
	}
}

// TestProductsAreTold: keys hold eight bytes and a length.
func TestProductsAreTold(t *testing.T) {
	filled.Do(fillTables)
	seen := map[productKey]string{}
	for _, name := range strings.Fields(products) {
		k := keyOfProduct(name, 0, len(name))
		if other, ok := seen[k]; ok {
			t.Errorf("%s and %s have one key", name, other)
		}
		seen[k] = name
		if !isProduct(k) {
			t.Errorf("%s is not found", name)
		}
	}
	if n := len(strings.Fields(products)); n > productSlots/2 {
		t.Errorf("%d products fill more than half of the table", n)
	}
}
