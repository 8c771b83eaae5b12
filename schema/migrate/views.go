package migrate

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"glint/schema"
)

// replaceViews creates all views again if one of them differs from its text,
// and returns the names of those it created. All, because ClickHouse keeps the
// column types of an inner view in the outer one. Views of an earlier program
// that are gone from the list are dropped; views of other people are not ours.
func replaceViews(ctx context.Context, db *sql.DB, views []schema.View) ([]string, error) {
	present, err := presentViews(ctx, db)
	if err != nil {
		return nil, err
	}
	hash := hashOf(views)
	current := true
	var names, gone []string
	for _, view := range views {
		names = append(names, view.Name)
		current = current && present[view.Name] == hash
	}
	for name := range present {
		if !slices.Contains(names, name) {
			gone = append(gone, name)
		}
	}
	var replaced []string
	if !current {
		// Reports that were kept are computed anew by the new text.
		if _, err := db.ExecContext(ctx, schema.Query("mark_all_changes")); err != nil {
			return nil, fmt.Errorf("mark campaigns as changed: %w", err)
		}
		for _, view := range views {
			if _, err := db.ExecContext(ctx, view.Create()); err != nil {
				return replaced, fmt.Errorf("create view %s: %w", view.Name, err)
			}
			replaced = append(replaced, view.Name)
		}
		if err := noteViews(ctx, db, "note_views", replaced, hash); err != nil {
			return replaced, err
		}
	}
	return replaced, dropViews(ctx, db, gone)
}

// presentViews returns the hash under which each view of ours was created, "" for one
// that was changed since, or that a program before schema_views created.
func presentViews(ctx context.Context, db *sql.DB) (map[string]string, error) {
	rows, err := db.QueryContext(ctx, schema.Query("present_views"))
	if err != nil {
		return nil, fmt.Errorf("list views: %w", err)
	}
	defer func() { _ = rows.Close() }()
	hashes := map[string]string{}
	for rows.Next() {
		var name, hash string
		if err := rows.Scan(&name, &hash); err != nil {
			return nil, fmt.Errorf("list views: %w", err)
		}
		hashes[name] = hash
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list views: %w", err)
	}
	return hashes, nil
}

// noteViews writes to schema_views that the views were created, or dropped.
func noteViews(ctx context.Context, db *sql.DB, query string, names []string, hash string) error {
	_, err := db.ExecContext(ctx, schema.Query(query),
		sql.Named("views", names), sql.Named("hash", hash), sql.Named("now_ms", time.Now().UnixMilli()))
	if err != nil {
		return fmt.Errorf("note views: %w", err)
	}
	return nil
}

func dropViews(ctx context.Context, db *sql.DB, names []string) error {
	for _, name := range names {
		if _, err := db.ExecContext(ctx, "DROP VIEW IF EXISTS {view:Identifier}", sql.Named("view", name)); err != nil {
			return fmt.Errorf("drop view %s: %w", name, err)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return noteViews(ctx, db, "note_dropped_views", names, "")
}

// hashOf identifies the text of all views together.
func hashOf(views []schema.View) string {
	hash := sha256.New()
	for _, view := range views {
		fmt.Fprintf(hash, "%s\x00%s\x00", view.Name, view.Create())
	}
	return hex.EncodeToString(hash.Sum(nil)[:16])
}
