package migrate

import (
	"context"
	"database/sql"
	"fmt"

	"glint/schema"
)

// Server is the state of one of several servers.
type Server struct {
	Migrations []Migration // as of Status
	ReadOnly   uint64      // tables that cannot be written: the server has no session with Keeper
	// BehindSeconds is its delay behind the others; many if it has never fetched their rows.
	BehindSeconds uint64
	Err           error // it cannot be asked; all else is zero
}

// Pending counts the migrations that are still to be applied.
func (s *Server) Pending() (n int) {
	for _, m := range s.Migrations {
		if m.Pending() {
			n++
		}
	}
	return n
}

// Servers returns the state of each server, in their order; of a single one, only its
// migrations. Like Status, it creates the table of versions where it is missing.
func Servers(ctx context.Context, dbs []*sql.DB) []Server {
	all := make([]Server, len(dbs))
	for i, db := range dbs {
		if err := all[i].look(ctx, db, len(dbs) > 1); err != nil {
			all[i] = Server{Err: err}
		}
	}
	return all
}

func (s *Server) look(ctx context.Context, db *sql.DB, several bool) (err error) {
	if s.Migrations, err = Status(ctx, db); err != nil || !several {
		return err
	}
	var replicated uint64
	if err = db.QueryRowContext(ctx, schema.Query("replica_state")).Scan(&replicated, &s.ReadOnly, &s.BehindSeconds); err != nil {
		return fmt.Errorf("read the state of replicas: %w", err)
	}
	return nil
}
