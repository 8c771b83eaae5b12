// Package enginetest gives tests a migrated warehouse on the real engine.
//
// One engine per test binary is started on the first Open and stopped by Main.
// All tests of the binary share it: use other campaign ids, or Empty. It needs
// the engine's library (GLINT_ENGINE or the tool cache) and fails without it.
//
// A test binary that uses it begins with
//
//	func TestMain(m *testing.M) { os.Exit(enginetest.Main(m)) }
package enginetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"glint/ingest/warehouse/embedded"
	"glint/ingest/warehouse/enginetest/enginelib"
	"glint/schema"
	"glint/schema/migrate"
)

// The users of the engine. The first may do everything in the database, the
// second may read schema.PublicViews.
var (
	WarehouseUser = User{Name: "glint", Password: "warehouse-secret"}
	ReaderUser    = User{Name: "reader", Password: "reader-secret"}
)

// User is a name and password of the test engine.
type User struct{ Name, Password string }

// Warehouse is the migrated database of one test binary.
type Warehouse struct {
	URL    string  // http://127.0.0.1:PORT
	DB     *sql.DB // as WarehouseUser
	Reader *sql.DB // as ReaderUser

	engine *embedded.Engine // nil: shards
	dir    string
	shards *Shards // nil: the embedded engine
}

// shardsVariable makes the warehouse of a test binary one of that many shards, so that the
// tests of one server hold there, too.
const shardsVariable = "GLINT_TEST_SHARDS"

// spreading are the settings by which statements reach all shards.
var spreading = map[string]string{
	"distributed_product_mode": "global", "distributed_foreground_insert": "1", "parallel_distributed_insert_select": "0",
}

var start = sync.OnceValues(startWarehouse)

// started is the warehouse that Main stops.
var started *Warehouse

// Main runs the tests of a binary and then stops its engine. It returns the
// exit status.
func Main(m *testing.M) int {
	RunShardIfAsked()
	embedded.RunChildIfAsked()
	status := m.Run()
	if started == nil {
		return status
	}
	if err := started.stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return max(status, 1)
	}
	return status
}

// Open returns the warehouse of this test binary.
func Open(tb testing.TB) *Warehouse {
	tb.Helper()
	w, err := start()
	if err != nil {
		tb.Fatal(err)
	}
	return w
}

func startWarehouse() (*Warehouse, error) {
	path, err := enginelib.Path()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "glint-schema-")
	if err != nil {
		return nil, err
	}
	if n, _ := strconv.Atoi(os.Getenv(shardsVariable)); n > 1 {
		return startSpread(filepath.Join(dir, "shards"), n)
	}
	engine, err := embedded.Start(context.Background(), embedded.Config{
		Library: path,
		DataDir: filepath.Join(dir, "data"),
		RunDir:  filepath.Join(dir, "run"),
		Listen:  "127.0.0.1:0",
		Users: []embedded.User{
			{Name: WarehouseUser.Name, Password: WarehouseUser.Password},
			{Name: ReaderUser.Name, Password: ReaderUser.Password, ReadOnlyViews: schema.PublicViews()},
		},
	})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	started = &Warehouse{URL: engine.URL(), engine: engine, dir: dir}
	started.DB = started.connect(WarehouseUser)
	started.Reader = started.connect(ReaderUser)
	if _, err := migrate.Up(context.Background(), started.DB); err != nil {
		return nil, fmt.Errorf("migrate test warehouse: %w", err)
	}
	return started, nil
}

// Address returns the URL with the name and password of u, as warehouse.Connect takes it.
func (w *Warehouse) Address(u User) string {
	return strings.Replace(w.URL, "://", "://"+url.UserPassword(u.Name, u.Password).String()+"@", 1)
}

func startSpread(dir string, n int) (*Warehouse, error) {
	all, err := StartShards(dir, n)
	if err != nil {
		return nil, err
	}
	started = &Warehouse{URL: all.URL(0), shards: all, dir: dir}
	started.DB, started.Reader = started.connect(WarehouseUser), started.connect(ReaderUser)
	servers := [][]*sql.DB{{started.DB}}
	for i := 1; i < n; i++ {
		servers = append(servers, []*sql.DB{connect(all.URL(i), WarehouseUser, nil)})
	}
	if _, err := migrate.UpShards(context.Background(), migrate.Shards{Cluster: Cluster, Servers: servers}); err != nil {
		return nil, fmt.Errorf("migrate test warehouse: %w", err)
	}
	return started, nil
}

func (w *Warehouse) connect(u User) *sql.DB {
	settings := clickhouse.Settings{}
	if w.shards != nil {
		for name, value := range spreading {
			settings[name] = value
		}
	}
	return connect(w.URL, u, settings)
}

func connect(at string, u User, settings clickhouse.Settings) *sql.DB {
	return clickhouse.OpenDB(&clickhouse.Options{
		Protocol: clickhouse.HTTP,
		Addr:     []string{strings.TrimPrefix(at, "http://")},
		Auth:     clickhouse.Auth{Database: embedded.Database, Username: u.Name, Password: u.Password},
		Settings: settings,
	})
}

func (w *Warehouse) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	faults := []error{w.DB.Close(), w.Reader.Close()}
	if w.shards != nil {
		faults = append(faults, w.shards.Stop())
	} else {
		faults = append(faults, w.engine.Stop(ctx))
	}
	return errors.Join(append(faults, os.RemoveAll(w.dir))...)
}
