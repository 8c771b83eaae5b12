// Package migrate brings a database to the schema of this program: goose
// applies the migrations that are pending, then recipient keys are computed for
// rows that have none and columns their comments, then the views are created again if their text has changed.
//
// Guarantees: running it again changes nothing; a run that was cut off is
// completed by the next one, because every statement is idempotent (ClickHouse
// has no transaction around DDL); a reader never sees a view missing, only the
// old one or the new one. It only goes forward: to go back would be to drop
// data.
//
// It neither creates the database nor locks it: two runs at a time are harmless
// but may report the same migration twice.
package migrate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/pressly/goose/v3"

	"glint/schema"
)

// ErrNewer means that a newer program has already migrated the database further
// than this one knows.
var ErrNewer = errors.New("migrate: the database has a newer schema than this program")

// ErrPlain means that the tables belong to a single server, and cannot be made to
// replicate: glint migrate copy brings their rows into others.
var ErrPlain = errors.New("migrate: the tables do not replicate")

// ErrReplicated means that the tables belong to several servers, all of which a
// migration needs.
var ErrReplicated = errors.New("migrate: the tables replicate; name all servers, as in --warehouse http://HOST1:8123,HOST2:8123/glint, or --cluster")

// Result lists what Up changed; Applied and Views are empty if there was nothing to do.
type Result struct {
	Applied []string // migrations, as in Migration.Name
	Views   []string // views that were created again
	Away    []string // servers that did not answer, and may lack all of it
}

// Migration is one migration of this program.
type Migration struct {
	Version   int64
	Name      string    // for example "00001_campaigns"
	AppliedAt time.Time // zero: pending
}

// Pending reports whether the migration is still to be applied.
func (m Migration) Pending() bool { return m.AppliedAt.IsZero() }

// Up applies pending migrations and views to the database that db is connected to. The user
// becomes the DEFINER of the views and must be able to do everything in it. On
// an error the result still lists the completed changes. Errors: ErrNewer.
func Up(ctx context.Context, db *sql.DB) (Result, error) {
	plain, err := plainSeries()
	if err != nil {
		return Result{}, err
	}
	return plain.up(withSettings(ctx), db)
}

func (s series) up(ctx context.Context, db *sql.DB) (Result, error) {
	provider, err := s.provider(db)
	if err != nil {
		return Result{}, err
	}
	current, target, err := provider.GetVersions(ctx)
	if err != nil {
		return Result{}, fmt.Errorf("read schema version: %w", err)
	}
	if current > target {
		return Result{}, fmt.Errorf("%w: %d, known up to %d", ErrNewer, current, target)
	}
	if current > 0 && current < target {
		if uuids, err := tableUUIDs(ctx, db); err != nil || len(uuids) > 0 {
			return Result{}, errors.Join(err, ErrReplicated)
		}
	}
	var result Result
	applied, err := provider.Up(ctx)
	if partial := (*goose.PartialError)(nil); errors.As(err, &partial) {
		applied = partial.Applied
	}
	for _, m := range applied {
		result.Applied = append(result.Applied, migrationName(m.Source.Path))
	}
	if err != nil {
		return result, fmt.Errorf("apply migrations: %w", err)
	}
	if s.whole {
		if err := fillRecipientKeys(ctx, db); err != nil {
			return result, err
		}
	}
	if err := commentColumns(ctx, db); err != nil {
		return result, err
	}
	if s.whole {
		result.Views, err = replaceViews(ctx, db, s.views())
	}
	return result, err
}

// Version returns the version of the database's schema and the one that this program
// would bring it to. 0: no migration has been applied.
func Version(ctx context.Context, db *sql.DB) (current, newest int64, err error) {
	provider, err := newProvider(db)
	if err != nil {
		return 0, 0, err
	}
	if current, newest, err = provider.GetVersions(withSettings(ctx)); err != nil {
		return 0, 0, fmt.Errorf("read schema version: %w", err)
	}
	return current, newest, nil
}

// Newest returns the version of the newest schema that this program knows.
func Newest() int64 {
	names, _ := fs.Glob(schema.FS, "migrations/*.sql") // the pattern is sound
	newest := int64(0)
	for _, name := range names {
		if version, err := goose.NumericComponent(name); err == nil {
			newest = max(newest, version)
		}
	}
	return newest
}

// To brings an empty database to an earlier schema, for rows that a program of that
// schema has written. It makes neither views nor recipient keys: Up does the rest.
func To(ctx context.Context, db *sql.DB, version int64) error {
	provider, err := newProvider(db)
	if err != nil {
		return err
	}
	if _, err := provider.UpTo(withSettings(ctx), version); err != nil {
		return fmt.Errorf("apply migrations up to %d: %w", version, err)
	}
	return nil
}

// Status lists every migration of this program by version. On a database
// without any it creates the table in which goose keeps its versions.
func Status(ctx context.Context, db *sql.DB) ([]Migration, error) {
	ctx = withSettings(ctx)
	provider, err := newProvider(db)
	if err != nil {
		return nil, err
	}
	states, err := provider.Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	migrations := make([]Migration, 0, len(states))
	for _, s := range states {
		m := Migration{Version: s.Source.Version, Name: migrationName(s.Source.Path)}
		if s.State == goose.StateApplied {
			m.AppliedAt = s.AppliedAt.UTC()
		}
		migrations = append(migrations, m)
	}
	return migrations, nil
}

func newProvider(db *sql.DB) (*goose.Provider, error) {
	plain, err := plainSeries()
	if err != nil {
		return nil, err
	}
	return plain.provider(db)
}

func migrationName(file string) string { return strings.TrimSuffix(path.Base(file), ".sql") }

// withSettings makes each statement complete before it is answered: an
// asynchronous insert would hide goose's version from its next read, and an
// error after the first bytes of an answer would be lost.
func withSettings(ctx context.Context) context.Context { return settingsFor(ctx, thisServer) }

// Which servers a change waits for.
const (
	thisServer  = 1
	allReplicas = 2
)

func settingsFor(ctx context.Context, servers int) context.Context {
	return clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{
		"async_insert":           0,
		"http_wait_end_of_query": 1,
		"alter_sync":             servers,
		"mutations_sync":         servers,
	}))
}
