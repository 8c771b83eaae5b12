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

	"github.com/pressly/goose/v3"

	"glint/schema"
)

// ErrShards means that the servers are not those whose shards the warehouse has, in their
// order: the number of shards is fixed when the tables are made.
var ErrShards = errors.New("migrate: the warehouse has other shards")

// Shards are the servers of a warehouse whose table of opens is spread over several of
// them. Each open is on the shard that its message id names. Everything else is on the
// first shard, where opens is a Distributed table over opens_local of all shards.
type Shards struct {
	Cluster string      // in which the servers know each other
	Servers [][]*sql.DB // of each shard its replicas
}

// UpShards is UpAll for shards. Each gets the same versions in turn: the first one with all
// tables, the others with the parts of opens alone. Errors: also ErrShards, and ErrPlain for
// the tables of a warehouse without shards.
func UpShards(ctx context.Context, s Shards) (Result, error) {
	for i, servers := range s.Servers {
		for _, db := range servers {
			err := s.check(ctx, db, i)
			if err != nil && (len(servers) == 1 || errors.Is(err, ErrShards) || errors.Is(err, ErrPlain)) { // else one of its replicas may be away
				return Result{}, fmt.Errorf("shard %d: %w", i+1, err)
			}
		}
	}
	var result Result
	for i := len(s.Servers) - 1; i >= 0; i-- { // the first one reads the others
		files, err := shardMigrations(s.Cluster, i, len(s.Servers))
		if err != nil {
			return result, err
		}
		var done Result
		if of := (series{files: files, whole: i == 0, spread: true}); len(s.Servers[i]) == 1 {
			done, err = of.up(withSettings(ctx), s.Servers[i][0])
		} else {
			done, err = of.upReplicas(settingsFor(ctx, allReplicas), s.Servers[i])
		}
		for _, replica := range done.Away {
			result.Away = append(result.Away, fmt.Sprintf("%s of shard %d", replica, i+1))
		}
		if i == 0 {
			result.Applied, result.Views = append(result.Applied, done.Applied...), done.Views
		} else if len(done.Applied) > 0 {
			result.Applied = append(result.Applied, fmt.Sprintf("tables of shard %d", i+1))
		}
		if err != nil {
			return result, fmt.Errorf("shard %d: %w", i+1, err)
		}
	}
	return result, nil
}

// Place returns the comment by which a server knows its shard, counted from 0.
func Place(cluster string, shard, shards int) string {
	return fmt.Sprintf("Shard %d of %d of the cluster %s", shard+1, shards, cluster)
}

// check refuses a server that belongs to something else.
func (s *Shards) check(ctx context.Context, db *sql.DB, shard int) error {
	var distributed, place string
	var parts, plain uint64
	if err := db.QueryRowContext(ctx, schema.Query("shard_form")).Scan(&distributed, &parts, &plain, &place); err != nil {
		return fmt.Errorf("ask for the form of its tables: %w", err)
	}
	want := Place(s.Cluster, shard, len(s.Servers))
	switch {
	case plain > 0:
		return fmt.Errorf("%w: the table opens is not in shards", ErrPlain)
	case place != "" && place != want:
		return fmt.Errorf("%w: it is %q, not %q", ErrShards, place, want)
	case distributed != "" && shard > 0:
		return fmt.Errorf("%w: it has the tables of a first shard", ErrShards)
	}
	return nil
}

// The statements of a migration that concern the table of opens.
var (
	createsOpens = regexp.MustCompile(`(?m)^CREATE TABLE IF NOT EXISTS opens \(`)
	altersOpens  = regexp.MustCompile(`(?m)^ALTER TABLE opens(\s)`)
)

// shardKey is the number of the shard of a message, from 0: warehouse.ShardOf in SQL.
func shardKey(shards int) string {
	return "jumpConsistentHash(sipHash64(message_id), " + strconv.Itoa(shards) + ")"
}

// shardMigrations returns the migrations of one shard of several. The keys of events that
// are to be deleted or changed wait in opens_swept: a change of the rows of one shard cannot
// read the tables of the first one.
func shardMigrations(cluster string, shard, shards int) (fs.FS, error) {
	distributed := func(table string) string {
		return "CREATE TABLE IF NOT EXISTS " + table + " AS " + table + "_local\nENGINE = Distributed(" + schema.Literal(cluster) +
			", currentDatabase(), '" + table + "_local', " + shardKey(shards) + ");\n"
	}
	swept := `CREATE TABLE IF NOT EXISTS opens_swept_local (
    sweep       String CODEC(ZSTD(1)),
    campaign_id UInt64 CODEC(ZSTD(1)),
    message_id  UUID   CODEC(NONE),
    event_id    UInt64 CODEC(NONE)
)
ENGINE = MergeTree
PARTITION BY sweep
ORDER BY (campaign_id, message_id, event_id)
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 0, old_parts_lifetime = 1,
    parts_to_delay_insert = 1000, parts_to_throw_insert = 3000
COMMENT ` + schema.Literal(Place(cluster, shard, shards)) + ";\n"
	files := fstest.MapFS{}
	all, err := fs.Glob(schema.FS, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	for _, name := range all {
		b, err := fs.ReadFile(schema.FS, name)
		if err != nil {
			return nil, fmt.Errorf("read migrations: %w", err)
		}
		text := "-- +goose NO TRANSACTION\n-- +goose Up\n"
		for _, statement := range statements(string(b)) {
			switch {
			case createsOpens.MatchString(statement):
				text += createsOpens.ReplaceAllString(statement, "CREATE TABLE IF NOT EXISTS opens_local (") + swept
				if shard == 0 {
					text += distributed("opens") + distributed("opens_swept")
				}
			case altersOpens.MatchString(statement):
				text += altersOpens.ReplaceAllString(statement, "ALTER TABLE opens_local$1")
				if shard == 0 {
					text += statement
				}
			case shard == 0:
				text += statement
			}
		}
		files[path.Base(name)] = &fstest.MapFile{Data: []byte(text), Mode: 0o444}
	}
	return files, nil
}

// Sub-queries, and joins with opens, whose tables are on the first shard alone.
var (
	inQuery   = regexp.MustCompile(`\b((?:NOT )?IN (?:\(\s*(?:SELECT|WITH)\b|[a-z_]+\b))`)
	joinsWith = regexp.MustCompile(`(\bFROM opens(?: FINAL)?\s+)((?:ANY |INNER |LEFT )*JOIN\b)`)
)

// Spread returns the form of a statement for a warehouse with shards: the first one runs
// the sub-queries and gives their answers to the others. Without GLOBAL each shard would run
// them, and only the first one has their tables.
func Spread(statement string) string {
	return joinsWith.ReplaceAllString(inQuery.ReplaceAllString(statement, "GLOBAL $1"), "${1}GLOBAL $2")
}

// statements returns the statements of a migration without lines of comment.
func statements(text string) (all []string) {
	var statement strings.Builder
	for line := range strings.Lines(text) {
		if code, _, _ := strings.Cut(line, "--"); strings.TrimSpace(code) != "" {
			statement.WriteString(line)
			if strings.HasSuffix(strings.TrimSpace(code), ";") {
				all = append(all, statement.String())
				statement.Reset()
			}
		}
	}
	return all
}

// series is the migrations of one server or its replicas.
type series struct {
	files fs.FS
	whole bool // with the tables that the recipients' keys and the views need
	// spread: the views read a table of several shards.
	spread bool
}

// views returns the views in the form for these tables.
func (s series) views() []schema.View {
	views := schema.Views()
	for i := range views {
		if s.spread {
			views[i].SQL = Spread(views[i].SQL)
		}
	}
	return views
}

// plainSeries returns the migrations of a warehouse without shards.
func plainSeries() (series, error) {
	files, err := fs.Sub(schema.FS, "migrations")
	if err != nil {
		return series{}, fmt.Errorf("open migrations: %w", err)
	}
	return series{files: files, whole: true}, nil
}

func (s series) provider(db *sql.DB) (*goose.Provider, error) {
	provider, err := goose.NewProvider(goose.DialectClickHouse, db, s.files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return provider, nil
}
