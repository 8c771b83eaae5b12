package warehouse

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Digest is a checksum of a table's content: the number of rows, without
// replaced ones, and the sum of their hashes, which does not depend on their
// order.
type Digest struct{ Rows, Sum uint64 }

// Digest returns the digest of the rows of a table that meet a condition in
// ClickHouse's SQL. Two tables with equal digests have equal rows. Facts near
// the end of their lifetime are left out, since each engine deletes them at its
// own time.
func (w *Warehouse) Digest(ctx context.Context, t *Table, condition string) (d Digest, err error) {
	passing, recent := columnsOfFacts[t.Name], "1"
	seconds, _, err := w.lifetimes(ctx, t.Name)
	if err != nil {
		return d, err
	}
	switch {
	case len(seconds) == 0:
	case t.Name == "web_events": // its rows expire as a whole
		condition += fmt.Sprintf(" AND occurred_at > now64(3) - toIntervalSecond(%d)", seconds[0]*9/10)
	default:
		recent = fmt.Sprintf("received_at > now64(3) - toIntervalSecond(%d)", seconds[0]/2)
	}
	var lasting, facts []string
	for _, c := range t.Columns {
		name := quoteName(c.Name)
		if strings.HasPrefix(c.Type, "Nullable") { // a hash of NULL is NULL
			name = "(isNull(" + name + "), assumeNotNull(" + name + "))"
		}
		if slices.Contains(passing, c.Name) {
			facts = append(facts, name)
		} else {
			lasting = append(lasting, name)
		}
	}
	sum := "sum(cityHash64(" + strings.Join(lasting, ", ") + "))"
	if len(facts) > 0 {
		sum += " + sumIf(cityHash64(event_key, " + strings.Join(facts, ", ") + "), " + recent + ")"
		sum = strings.ReplaceAll(sum, "event_key", strings.Join(keyColumns(t), ", "))
	}
	statement := "SELECT count(), " + sum + " FROM " + Database + "." + quoteName(t.Name) + " FINAL WHERE " + condition
	if t.Name == "consents" { // a MergeTree has no FINAL
		statement = strings.Replace(statement, " FINAL", "", 1)
	}
	if err := w.conn.QueryRow(ctx, statement).Scan(&d.Rows, &d.Sum); err != nil {
		return d, fmt.Errorf("sum up table %s: %w", t.Name, err)
	}
	return d, nil
}

// keyColumns returns the columns that identify a row in a table of events.
func keyColumns(t *Table) (names []string) {
	for _, c := range t.Columns {
		switch c.Name {
		case "campaign_id", "message_id", "opened_at", "occurred_at", "event_id", "kind":
			names = append(names, quoteName(c.Name))
		}
	}
	return names
}

// ReportsDigest returns the digest of the reports of all campaigns.
func (w *Warehouse) ReportsDigest(ctx context.Context) (d Digest, err error) {
	if err = w.ask(ctx, "reports_digest", nil, &d.Rows, &d.Sum); err != nil {
		err = fmt.Errorf("sum up the reports: %w", err)
	}
	return d, err
}
