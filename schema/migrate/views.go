package migrate

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"

	"glint/schema"
)

// mark begins the comment of every view of ours; the hash of the text follows.
// Kept in the comment, the hash cannot disagree with the view it belongs to.
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
	comment := mark + hashOf(views)
	current := true
	for _, view := range views {
		current = current && present[view.Name] == comment
		delete(present, view.Name)
	}
	var replaced []string
	if !current {
		for _, view := range views {
			if _, err := db.ExecContext(ctx, view.SQL+"\nCOMMENT '"+comment+"'"); err != nil {
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
		WHERE database = currentDatabase() AND engine = 'View' AND startsWith(comment, {mark:String})`, sql.Named("mark", mark))
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
