package migrate

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"glint/schema"
)

// fillRecipientKeys makes the secret of recipient keys if the database has none, and
// gives a key to the rows of sends that an older program wrote. It may be cut
// off anywhere and run again.
func fillRecipientKeys(ctx context.Context, db *sql.DB) error {
	if err := ensureRecipientSecret(ctx, db); err != nil {
		return fmt.Errorf("make secret of recipient keys: %w", err)
	}
	var unfilled uint64
	if err := db.QueryRowContext(ctx, schema.Query("unfilled_recipient_keys")).Scan(&unfilled); err != nil {
		return fmt.Errorf("count sends without recipient key: %w", err)
	}
	if unfilled == 0 {
		return nil
	}
	// A replicated table calls a mutation with a sub-query nondeterministic. This
	// one is not: the secret never changes.
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{
		"async_insert": 0, "insert_deduplicate": 0, "mutations_sync": 2, "allow_nondeterministic_mutations": 1,
		"http_wait_end_of_query": 1,
	}))
	for _, step := range []string{"fill_recipient_messages", "fill_recipient_keys"} {
		if _, err := db.ExecContext(ctx, schema.Query(step)); err != nil {
			return fmt.Errorf("fill in recipient keys of %d sends: %w", unfilled, err)
		}
	}
	return nil
}

// ensureRecipientSecret inserts a secret if the database has none. Two programs at
// once give the insert one name, so that only the first is taken.
func ensureRecipientSecret(ctx context.Context, db *sql.DB) error {
	var secrets uint64
	var inner, outer string
	if err := db.QueryRowContext(ctx, schema.Query("recipient_secret")).Scan(&secrets, &inner, &outer); err != nil || secrets > 0 {
		return err
	}
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{
		"async_insert": 0, "insert_deduplicate": 1, "insert_deduplication_token": "recipient-secret", "http_wait_end_of_query": 1,
	}))
	tx, err := db.BeginTx(ctx, nil) // the driver's form of an insert whose values are not part of its text
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	insert, err := tx.PrepareContext(ctx, "INSERT INTO recipient_secret (created_at, inner_pad, outer_pad)")
	if err != nil {
		return err
	}
	innerPad, outerPad := newPads()
	if _, err := insert.ExecContext(ctx, time.Now().UTC(), innerPad, outerPad); err != nil {
		return err
	}
	return tx.Commit()
}

// newPads returns the blocks with which HMAC-SHA256 under a new random key
// begins its two hashes (RFC 2104 §2).
func newPads() (inner, outer string) {
	var key, in, out [64]byte
	_, _ = rand.Read(key[:32]) // never fails
	for i, b := range key {
		in[i], out[i] = b^0x36, b^0x5c
	}
	return string(in[:]), string(out[:])
}
