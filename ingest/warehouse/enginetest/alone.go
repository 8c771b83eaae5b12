package enginetest

import (
	"context"
	"path/filepath"
	"testing"

	"glint/ingest/warehouse/embedded"
	"glint/ingest/warehouse/enginetest/enginelib"
)

// StartAlone starts a separate engine without a schema in dir, and stops it at
// the end of the test.
func StartAlone(tb testing.TB, dir string, users ...embedded.User) *embedded.Engine {
	tb.Helper()
	path, err := enginelib.Path()
	if err != nil {
		tb.Fatal(err)
	}
	e, err := embedded.Start(tb.Context(), embedded.Config{
		Library: path, DataDir: filepath.Join(dir, "data"), RunDir: filepath.Join(dir, "run"), Listen: "127.0.0.1:0", Users: users,
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { StopAlone(tb, e) })
	return e
}

// StopAlone stops the engine, if it runs.
func StopAlone(tb testing.TB, e *embedded.Engine) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(tb.Context()), enginelib.Patience)
	defer cancel()
	if err := e.Stop(ctx); err != nil {
		tb.Error(err)
	}
}
