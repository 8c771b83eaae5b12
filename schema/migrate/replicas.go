package migrate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"
	"testing/fstest"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"
	"github.com/pressly/goose/v3"

	"glint/schema"
)

// UpAll is Up for a single server, and UpReplicas for several.
func UpAll(ctx context.Context, dbs []*sql.DB) (Result, error) {
	if len(dbs) == 1 {
		return Up(ctx, dbs[0])
	}
	return UpReplicas(ctx, dbs)
}

// UpReplicas is Up for a shard of several servers. Their tables replicate: the migrations
// are the same with other engines, and are applied to each server in turn, version by
// version, so that no server has to allow ON CLUSTER. A server that is new, or has lost its
// disk, gets the tables of another one. One that is away does not stop the others if they have
// the newest schema already. The result lists the changes on all of them.
func UpReplicas(ctx context.Context, dbs []*sql.DB) (Result, error) {
	plain, err := plainSeries()
	if err != nil {
		return Result{}, err
	}
	return plain.upReplicas(settingsFor(ctx, allReplicas), dbs)
}

func (s series) upReplicas(ctx context.Context, dbs []*sql.DB) (Result, error) {
	var result Result
	versions, reference, err := currentVersions(ctx, dbs)
	if err != nil {
		return result, err
	}
	for i, version := range versions {
		if version == away {
			result.Away = append(result.Away, fmt.Sprintf("replica %d", i+1))
		}
	}
	if err := checkReplicated(ctx, dbs[reference], versions[reference]); err != nil {
		return result, err
	}
	for i, db := range dbs {
		if versions[i] != 0 || versions[reference] == 0 {
			continue
		}
		if err := clone(ctx, dbs[reference], db); err != nil {
			return result, err
		}
		versions[i] = versions[reference]
		result.Applied = append(result.Applied, fmt.Sprintf("tables of replica %d", i+1))
	}
	if err := s.applyInTurn(ctx, dbs, versions, reference, &result); err != nil {
		return result, err
	}
	for i, db := range dbs {
		if versions[i] == away {
			continue
		}
		if len(result.Applied) > 0 { // else a replica without a session would hold up each start
			if err := syncReplica(ctx, db); err != nil {
				return result, err
			}
		}
		if i == reference && s.whole {
			if err := fillRecipientKeys(ctx, db); err != nil {
				return result, err
			}
		}
		if i == reference {
			if err := commentColumns(ctx, db); err != nil {
				return result, err
			}
		}
		if !s.whole {
			continue
		}
		views, err := replaceViews(ctx, db, s.views())
		if i == reference {
			result.Views = views
		}
		if err != nil {
			return result, err
		}
	}
	return result, nil
}

// away is the version of a server that does not answer.
const away = -1

// currentVersions returns the schema's version of each server, and the server that has
// the newest.
func currentVersions(ctx context.Context, dbs []*sql.DB) (versions []int64, reference int, err error) {
	versions = make([]int64, len(dbs))
	newest := Newest()
	var fault error
	for i, db := range dbs {
		if versions[i], _, err = Version(ctx, db); err != nil {
			versions[i], fault = away, fmt.Errorf("replica %d: %w", i+1, err)
		}
		if versions[i] > newest {
			return nil, 0, fmt.Errorf("%w: %d, known up to %d", ErrNewer, versions[i], newest)
		}
		if versions[i] > versions[reference] {
			reference = i
		}
	}
	if fault != nil && versions[reference] < newest {
		return nil, 0, fault
	}
	return versions, reference, nil
}

// checkReplicated refuses tables of a single server: their engines cannot be changed.
func checkReplicated(ctx context.Context, db *sql.DB, version int64) error {
	if version == 0 {
		return nil
	}
	var plain uint64
	err := db.QueryRowContext(ctx, schema.Query("plain_tables")).Scan(&plain)
	if err == nil && plain > 0 {
		err = fmt.Errorf("%w: %d tables are those of a single server", ErrPlain, plain)
	}
	return err
}

// applyInTurn applies each pending migration to all servers before the next one.
func (s series) applyInTurn(ctx context.Context, dbs []*sql.DB, versions []int64, reference int, result *Result) error {
	uuids, err := tableUUIDs(ctx, dbs[reference])
	if err != nil {
		return err
	}
	files, names, err := replicatedMigrations(s.files, uuids)
	if err != nil {
		return err
	}
	providers := make([]*goose.Provider, len(dbs))
	for i, db := range dbs {
		if providers[i], err = goose.NewProvider(goose.DialectClickHouse, db, files, goose.WithDisableGlobalRegistry(true)); err != nil {
			return fmt.Errorf("read migrations: %w", err)
		}
	}
	for version := int64(1); version <= Newest(); version++ {
		applied := false
		for i, p := range providers {
			if versions[i] >= version || versions[i] == away {
				continue
			}
			if _, err := p.UpTo(ctx, version); err != nil {
				return fmt.Errorf("apply migration %d to replica %d: %w", version, i+1, err)
			}
			applied = true
		}
		if applied {
			result.Applied = append(result.Applied, names[version])
		}
	}
	return nil
}

// tableUUIDs returns the UUID of each table of a server. Replicas of a table have one
// UUID, which stands in its path in Keeper: a table that was dropped and made again has
// another one.
func tableUUIDs(ctx context.Context, db *sql.DB) (map[string]string, error) {
	var names, ids []string
	if err := db.QueryRowContext(ctx, schema.Query("table_uuids")).Scan(&names, &ids); err != nil {
		return nil, fmt.Errorf("list tables: %w", err)
	}
	uuids := make(map[string]string, len(names))
	for i, name := range names {
		uuids[name] = ids[i]
	}
	return uuids, nil
}

var (
	createTable  = regexp.MustCompile(`CREATE TABLE IF NOT EXISTS (\w+) \(`)
	mergeTree    = regexp.MustCompile(`(?m)^ENGINE = (\w*MergeTree)(?:\(([^)]*)\))?$`)
	dedupSetting = regexp.MustCompile(`non_replicated_deduplication_window = (\d+)`)
)

// rememberFor is the time, in seconds, for which a replicated table knows the names of inserts: an
// outage may be longer than the hour that is ClickHouse's default.
const rememberFor = 7 * 24 * 3600

// mergeSettings spare processors for inserts, whose p50 is half as long again without them
// (see BenchmarkQuorumInsert): one replica merges parts and the others fetch the result, but for a
// merge that takes longer than 60 s; and parts are merged in fewer and larger steps than by
// the default base of 5.
const mergeSettings = "execute_merges_on_single_replica_time_threshold = 60, merge_selector_base = 10"

// replicatedMigrations returns the migrations with engines that replicate, and their
// names by version. Tables that are not there get the UUID that their first replica will
// have.
func replicatedMigrations(from fs.FS, uuids map[string]string) (fs.FS, map[int64]string, error) {
	files, names := fstest.MapFS{}, map[int64]string{}
	all, err := fs.Glob(from, "*.sql")
	if err != nil {
		return nil, nil, err
	}
	for _, name := range all {
		b, err := fs.ReadFile(from, name)
		if err != nil {
			return nil, nil, fmt.Errorf("read migrations: %w", err)
		}
		text := createTable.ReplaceAllStringFunc(string(b), func(s string) string {
			table := createTable.FindStringSubmatch(s)[1]
			if uuids[table] == "" {
				uuids[table] = uuid.NewString()
			}
			return "CREATE TABLE IF NOT EXISTS " + table + " UUID '" + uuids[table] + "' ("
		})
		text = mergeTree.ReplaceAllStringFunc(text, func(s string) string {
			m := mergeTree.FindStringSubmatch(s)
			arguments := "'/clickhouse/tables/{uuid}/{shard}', '{replica}'"
			if m[2] != "" {
				arguments += ", " + m[2]
			}
			return "ENGINE = Replicated" + m[1] + "(" + arguments + ")"
		})
		text = dedupSetting.ReplaceAllString(text, "replicated_deduplication_window = $1, replicated_deduplication_window_seconds = "+strconv.Itoa(rememberFor)+", "+mergeSettings)
		files[path.Base(name)] = &fstest.MapFile{Data: []byte(text), ModTime: time.Time{}, Mode: 0o444}
		version, err := goose.NumericComponent(name)
		if err != nil {
			return nil, nil, fmt.Errorf("read migrations: %w", err)
		}
		names[version] = migrationName(name)
	}
	return files, names, nil
}

// clone gives a server the tables of another one, and goose's versions.
func clone(ctx context.Context, from, to *sql.DB) error {
	if err := cloneTables(ctx, from, to); err != nil {
		return err
	}
	version, _, err := Version(ctx, from)
	if err != nil {
		return err
	}
	for v := int64(1); v <= version; v++ {
		if _, err := to.ExecContext(ctx, schema.Query("note_version"), sql.Named("version", v)); err != nil {
			return fmt.Errorf("note the schema's version: %w", err)
		}
	}
	return nil
}

// cloneTables makes the tables and what fills them as another server has them. A run that
// was cut off is completed by the next one: tables that are there stay as they are.
func cloneTables(ctx context.Context, from, to *sql.DB) error {
	var replica string
	if err := to.QueryRowContext(ctx, "SELECT getMacro('replica')").Scan(&replica); err != nil {
		return fmt.Errorf("ask a replica for its name: %w", err)
	}
	there, err := tableUUIDs(ctx, to)
	if err != nil {
		return err
	}
	replicated, err := tableUUIDs(ctx, from)
	if err != nil {
		return err
	}
	rows, err := from.QueryContext(ctx, schema.Query("table_definitions"))
	if err != nil {
		return fmt.Errorf("read tables of a replica: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var name, definition string
		if err := rows.Scan(&name, &definition); err != nil {
			return fmt.Errorf("read tables of a replica: %w", err)
		}
		if replicated[name] != "" && there[name] == "" {
			if err := forget(ctx, from, name, replica); err != nil {
				return err
			}
		}
		definition = strings.Replace(definition, "CREATE TABLE ", "CREATE TABLE IF NOT EXISTS ", 1)
		definition = strings.Replace(definition, "CREATE MATERIALIZED VIEW ", "CREATE MATERIALIZED VIEW IF NOT EXISTS ", 1)
		if _, err := to.ExecContext(ctx, definition); err != nil {
			return fmt.Errorf("make table %s as another replica has it: %w", name, err)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read tables of a replica: %w", err)
	}
	return nil
}

const (
	// codeNotDropped is ClickHouse's TABLE_WAS_NOT_DROPPED: the replica has a session.
	codeNotDropped = 305
	// sessionPatience is the time limit for the end of that session; by default it lasts 30 s.
	sessionPatience = 2 * time.Minute
	sessionPause    = 500 * time.Millisecond
)

// forget makes Keeper forget the part that a server of that name had of a table. The server
// has lost the table with its disk, but Keeper may know its last session until that expires.
func forget(ctx context.Context, from *sql.DB, table, replica string) error {
	for began := time.Now(); ; {
		_, err := from.ExecContext(ctx, "SYSTEM DROP REPLICA "+schema.Literal(replica)+" FROM TABLE "+table)
		e, refused := errors.AsType[*clickhouse.Exception](err)
		switch {
		case err == nil:
			return nil
		case !refused || e.Code != codeNotDropped || time.Since(began) > sessionPatience:
			return fmt.Errorf("forget what replica %s had of table %s: %w", replica, table, err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(sessionPause):
		}
	}
}

// syncReplica waits until a server has what the others had when it began.
func syncReplica(ctx context.Context, db *sql.DB) error {
	uuids, err := tableUUIDs(ctx, db)
	if err != nil {
		return err
	}
	for name := range uuids {
		if _, err := db.ExecContext(ctx, "SYSTEM SYNC REPLICA {table:Identifier}", sql.Named("table", name)); err != nil {
			return fmt.Errorf("wait for table %s: %w", name, err)
		}
	}
	return nil
}
