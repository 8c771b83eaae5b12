package migrate

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/go-cmp/cmp"

	"glint/schema"
)

// replicaServer is a server as cloneTables sees it: the replicated tables that it has.
type replicaServer struct {
	driver.Conn
	tables  []string
	done    []string // statements
	refuses int      // the next statements to forget a replica
	why     error
}

func (s *replicaServer) Connect(context.Context) (driver.Conn, error) { return s, nil }
func (s *replicaServer) Driver() driver.Driver                        { return nil }
func (s *replicaServer) Close() error                                 { return nil }

func (s *replicaServer) ExecContext(_ context.Context, statement string, _ []driver.NamedValue) (driver.Result, error) {
	if s.refuses > 0 && strings.HasPrefix(statement, "SYSTEM DROP REPLICA") {
		s.refuses--
		return nil, s.why
	}
	s.done = append(s.done, statement)
	return driver.ResultNoRows, nil
}

func (s *replicaServer) QueryContext(_ context.Context, question string, _ []driver.NamedValue) (driver.Rows, error) {
	switch question {
	case schema.Query("table_uuids"):
		return &answer{[][]driver.Value{{s.tables, s.tables}}}, nil
	case schema.Query("table_definitions"):
		var rows [][]driver.Value
		for _, table := range s.tables {
			rows = append(rows, []driver.Value{table, "CREATE TABLE " + table})
		}
		return &answer{append(rows, []driver.Value{"opens", "CREATE TABLE opens"})}, nil
	}
	return &answer{[][]driver.Value{{"r2"}}}, nil // the macro
}

// answer is rows of two columns, or of one.
type answer struct{ rows [][]driver.Value }

func (a *answer) Columns() []string {
	if len(a.rows) == 0 {
		return nil
	}
	return slices.Repeat([]string{"c"}, len(a.rows[0]))
}

func (a *answer) Close() error { return nil }

func (a *answer) Next(into []driver.Value) error {
	if len(a.rows) == 0 {
		return io.EOF
	}
	copy(into, a.rows[0])
	a.rows = a.rows[1:]
	return nil
}

// TestAnEmptyReplicaGetsTheTables: Keeper forgets its part of each replicated table that it
// lacks, once the session from before has ended, and of no table that it has.
func TestAnEmptyReplicaGetsTheTables(t *testing.T) {
	active, other := &clickhouse.Exception{Code: codeNotDropped}, &clickhouse.Exception{Code: 999}
	const drop = "SYSTEM DROP REPLICA 'r2' FROM TABLE "
	for name, c := range map[string]struct {
		has     []string
		refuses int
		why     *clickhouse.Exception
		want    []string // forgotten
		err     error
	}{
		"empty":                    {nil, 0, nil, []string{drop + "opens_local", drop + "sends"}, nil},
		"its session lasts":        {nil, 2, active, []string{drop + "opens_local", drop + "sends"}, nil},
		"a run before was cut off": {[]string{"opens_local"}, 0, nil, []string{drop + "sends"}, nil},
		"Keeper is away":           {nil, 1, other, nil, other},
	} {
		from := &replicaServer{tables: []string{"opens_local", "sends"}, refuses: c.refuses, why: c.why}
		to := &replicaServer{tables: c.has}
		err := cloneTables(t.Context(), sql.OpenDB(from), sql.OpenDB(to))
		if !errors.Is(err, c.err) {
			t.Errorf("%s: %v, want %v", name, err, c.err)
		}
		if diff := cmp.Diff(c.want, from.done); diff != "" {
			t.Errorf("%s: forgotten (-want +got):\n%s", name, diff)
		}
		made := []string{"CREATE TABLE IF NOT EXISTS opens_local", "CREATE TABLE IF NOT EXISTS sends", "CREATE TABLE IF NOT EXISTS opens"}
		if c.err != nil {
			made = nil
		}
		if diff := cmp.Diff(made, to.done); diff != "" {
			t.Errorf("%s: made (-want +got):\n%s", name, diff)
		}
	}
}
