package embedded

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// connect opens clickhouse-go as an application would.
func connect(t *testing.T, engine *Engine, user, password string) driver.Conn {
	t.Helper()
	connection, err := clickhouse.Open(&clickhouse.Options{
		Protocol:    clickhouse.HTTP,
		Addr:        []string{strings.TrimPrefix(engine.URL(), "http://")},
		Auth:        clickhouse.Auth{Database: Database, Username: user, Password: password},
		Compression: &clickhouse.Compression{Method: clickhouse.CompressionLZ4},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	return connection
}

// send inserts rows of one batch under its token.
func send(ctx context.Context, connection driver.Conn, batch, rows int) error {
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{
		"insert_deduplication_token": fmt.Sprintf("batch-%d", batch),
	}))
	prepared, err := connection.PrepareBatch(ctx, "INSERT INTO opens (batch, row)")
	if err != nil {
		return err
	}
	for row := range rows {
		if err := prepared.Append(uint64(batch), uint64(row)); err != nil {
			return err
		}
	}
	return prepared.Send()
}

func TestKilledEngineLosesAndRepeatsNothing(t *testing.T) {
	const batches, rows, kills = 60, 500, 3
	dir := t.TempDir()
	engine := startEngine(t, dir)
	must(t, engine, `CREATE TABLE opens (batch UInt64, row UInt64) ENGINE = MergeTree ORDER BY (batch, row)
		SETTINGS non_replicated_deduplication_window = 1000`)
	connection := connect(t, engine, warehouseName, warehousePassword)

	killed := 0
	deadline := time.Now().Add(patience)
	for batch := range batches {
		if batch%(batches/kills) == batches/kills/2 {
			pid := enginePID(t, dir)
			// In the background, to hit an insert or the pause between two.
			go func() { _ = syscall.Kill(pid, syscall.SIGKILL) }()
			killed++
		}
		for {
			err := send(t.Context(), connection, batch, rows)
			if err == nil {
				break
			}
			var answer *clickhouse.Exception
			if errors.As(err, &answer) && answer.Code != codeNetworkError {
				t.Fatalf("batch %d: %v", batch, err)
			}
			if time.Now().After(deadline) {
				t.Fatalf("batch %d is never accepted: %v", batch, err)
			}
		}
	}
	eventually(t, "every kill was followed by a restart", func() bool { return engine.Restarts() == uint64(killed) })
	want := fmt.Sprintf("%d\t%d", batches*rows, batches*rows)
	if got := must(t, engine, "SELECT count(), uniqExact(batch, row) FROM opens"); got != want {
		t.Errorf("rows and distinct rows: %q, want %q", got, want)
	}
}

func TestReadBackThroughTheDriver(t *testing.T) {
	engine := startEngine(t, t.TempDir())
	must(t, engine, "CREATE TABLE opens (batch UInt64, row UInt64) ENGINE = MergeTree ORDER BY (batch, row)")
	connection := connect(t, engine, warehouseName, warehousePassword)
	if err := send(t.Context(), connection, 7, 10_000); err != nil {
		t.Fatal(err)
	}
	var rows, sum uint64
	if err := connection.QueryRow(t.Context(), "SELECT count(), sum(row) FROM opens WHERE batch = ?", 7).Scan(&rows, &sum); err != nil {
		t.Fatal(err)
	}
	if rows != 10_000 || sum != 49_995_000 {
		t.Errorf("%d rows, sum %d", rows, sum)
	}
	var answer *clickhouse.Exception
	err := connection.Exec(t.Context(), "SELECT * FROM nowhere")
	if !errors.As(err, &answer) || answer.Code != 60 {
		t.Errorf("a query of an unknown table gave %v instead of code 60", err)
	}
	err = connect(t, engine, warehouseName, "wrong").Ping(t.Context())
	if !errors.As(err, &answer) || answer.Code != codeAuthenticationFailed {
		t.Errorf("a wrong password gave %v instead of code 516", err)
	}
}

func TestEngineThatStopsListeningIsReplaced(t *testing.T) {
	dir := t.TempDir()
	engine := startEngine(t, dir)
	child := enginePID(t, dir)
	// Only the engine's own user may do this, and only the proxy could be it.
	if answer := inside(t, engine, reservedUser, "", "SYSTEM STOP LISTEN HTTP"); answer.status != http.StatusOK {
		t.Fatalf("stop listening: %s", answer.text)
	}
	eventually(t, "another engine answers", func() bool {
		answer := ask(t, engine, warehouseName, warehousePassword, "SELECT 1")
		return answer.text == "1" && enginePID(t, dir) != child
	})
}

// keepBusyIfAsked runs in the child: it keeps Go threads at work on small
// stacks, and says when the handler for system.stack_trace became safe for them.
func keepBusyIfAsked() {
	folder := os.Getenv("TMPDIR")
	if _, err := os.Stat(filepath.Join(folder, "busy")); err != nil {
		return
	}
	for range 8 {
		go func() {
			for n := 0; ; n++ {
				if n%(1<<24) == 0 {
					time.Sleep(time.Millisecond)
				}
			}
		}()
	}
	go func() {
		var action kernelSigaction
		for action.handler <= 1 || action.flags&saOnStack == 0 {
			if rtSigaction(stackTraceSignal, nil, &action) != nil {
				return
			}
			time.Sleep(time.Millisecond)
		}
		_ = os.WriteFile(filepath.Join(folder, "safe"), nil, 0o600)
	}()
}

func TestStackTracesOfBusyGoThreadsDoNoHarm(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, "run", "tmp")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "busy"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	engine := startEngine(t, dir)
	eventually(t, "handler runs on the signal stack", func() bool {
		_, err := os.Stat(filepath.Join(folder, "safe"))
		return err == nil
	})
	for range 25 {
		if got := must(t, engine, "SELECT count() > 10 FROM system.stack_trace"); got != "1" {
			t.Fatalf("threads found: %s", got)
		}
	}
	if engine.Restarts() != 0 {
		t.Error("the engine was restarted")
	}
}
