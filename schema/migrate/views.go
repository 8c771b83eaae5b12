package migrate

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"strings"

	"glint/schema"
)

// mark stands in the comment of every view of ours, after its purpose, which is
// what people are shown; the hash of the text of all views follows. Kept in the
// comment, the hash cannot disagree with the view it belongs to.
const mark = "glint views "

// replaceViews creates all views again if one of them differs from its text,
// and returns the names of those it created. All, because ClickHouse keeps the
// column types of an inner view in the outer one. Views of an earlier program
// that are gone from the list are dropped; views of other people are not ours.
func replaceViews(ctx context.Context, db *sql.DB, views []schema.View) ([]string, error) {
	present, err := viewComments(ctx, db)
	if err != nil {
		return nil, err
	}
	hash := hashOf(views)
	current := true
	for _, view := range views {
		current = current && present[view.Name] == commentOf(view, hash)
		delete(present, view.Name)
	}
	var replaced []string
	if !current {
		// Reports that were kept are computed anew by the new text.
		if _, err := db.ExecContext(ctx, schema.Query("mark_all_changes")); err != nil {
			return nil, fmt.Errorf("mark campaigns as changed: %w", err)
		}
		for _, view := range views {
			if _, err := db.ExecContext(ctx, view.SQL+"\nCOMMENT "+literal(commentOf(view, hash))); err != nil {
				return replaced, fmt.Errorf("create view %s: %w", view.Name, err)
			}
			replaced = append(replaced, view.Name)
		}
	}
	return replaced, dropViews(ctx, db, present)
}

// viewComments returns the comments of the views which carry our mark.
func viewComments(ctx context.Context, db *sql.DB) (map[string]string, error) {
	rows, err := db.QueryContext(ctx, `SELECT name, comment FROM system.tables
		WHERE database = currentDatabase() AND engine = 'View' AND position(comment, {mark:String}) > 0`, sql.Named("mark", mark))
	if err != nil {
		return nil, fmt.Errorf("list views: %w", err)
	}
	defer func() { _ = rows.Close() }()
	comments := map[string]string{}
	for rows.Next() {
		var name, comment string
		if err := rows.Scan(&name, &comment); err != nil {
			return nil, fmt.Errorf("list views: %w", err)
		}
		comments[name] = comment
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list views: %w", err)
	}
	return comments, nil
}

func commentOf(view schema.View, hash string) string {
	return view.Purpose() + " (" + mark + hash + ")"
}

// literal quotes a text of ours for SQL.
func literal(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
}

func dropViews(ctx context.Context, db *sql.DB, views map[string]string) error {
	for name := range views {
		if _, err := db.ExecContext(ctx, "DROP VIEW IF EXISTS {view:Identifier}", sql.Named("view", name)); err != nil {
			return fmt.Errorf("drop view %s: %w", name, err)
		}
	}
	return nil
}

// hashOf identifies the text of all views together.
func hashOf(views []schema.View) string {
	hash := sha256.New()
	for _, view := range views {
		fmt.Fprintf(hash, "%s\x00%s\x00", view.Name, view.SQL)
	}
	return hex.EncodeToString(hash.Sum(nil)[:16])
}
