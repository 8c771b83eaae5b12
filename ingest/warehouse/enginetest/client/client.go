// Package client connects tests to the engine of package enginetest, whose own
// tests and package warehouse's cannot import it.
package client

import (
	"testing"

	"glint/ingest/warehouse"
	"glint/ingest/warehouse/enginetest"
)

// Open returns the test engine, emptied, and a client of it as WarehouseUser.
func Open(tb testing.TB) (*enginetest.Warehouse, *warehouse.Warehouse) {
	tb.Helper()
	e := enginetest.Open(tb)
	e.Empty(tb)
	return e, Connect(tb, e, enginetest.WarehouseUser)
}

// Connect returns a client of the engine as u, which is closed at the end of the test.
func Connect(tb testing.TB, e *enginetest.Warehouse, u enginetest.User) *warehouse.Warehouse {
	tb.Helper()
	w, err := warehouse.Connect(tb.Context(), e.Address(u))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = w.Close() })
	return w
}
