package migrate

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"glint/schema"
)

// commentColumns gives the columns of tables the comments that they lack.
func commentColumns(ctx context.Context, db *sql.DB) error {
	changes := map[string][]string{}
	rows, err := db.QueryContext(ctx, schema.Query("silent_columns"))
	if err != nil {
		return fmt.Errorf("list columns without comment: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			return fmt.Errorf("list columns without comment: %w", err)
		}
		if comment := schema.ColumnComment(strings.TrimSuffix(table, "_local"), column); comment != "" {
			changes[table] = append(changes[table], "COMMENT COLUMN "+column+" "+schema.Literal(comment))
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("list columns without comment: %w", err)
	}
	for table, commands := range changes {
		if _, err := db.ExecContext(ctx, "ALTER TABLE "+table+" "+strings.Join(commands, ", ")); err != nil {
			return fmt.Errorf("comment columns of %s: %w", table, err)
		}
	}
	return nil
}
