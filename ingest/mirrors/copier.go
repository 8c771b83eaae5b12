package mirrors

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"glint/ingest/warehouse"
)

// Copier brings rows from one warehouse into another. It is for one goroutine.
type Copier struct {
	From, To *warehouse.Warehouse
	State    *State
	Keep     func(*State) error // is given the state after each change
	Progress func(table string, rows uint64)
}

// ErrForeign means that a warehouse has the data of another glint, to which nothing of
// this one may be added.
var ErrForeign = errors.New("mirrors: the warehouse has the data of another glint")

// ErrItself means that a warehouse was to be made a copy of itself.
var ErrItself = errors.New("mirrors: it is the first warehouse itself")

// Adopt prepares both for Pass: it looks which databases they are, and gives an empty
// mirror the secret from which the first warehouse computes recipient keys. It wraps
// ErrForeign if the mirror has messages under another secret, and ErrItself if both are
// one. Both are migrated. to is the identity of the mirror.
func (c *Copier) Adopt(ctx context.Context, to string) error {
	from, err := c.From.Identity(ctx)
	if err != nil {
		return err
	}
	if from == c.State.From && to == c.State.To {
		return nil
	}
	if from == to {
		return ErrItself
	}
	if err := c.adoptSecret(ctx); err != nil {
		return err
	}
	*c.State = State{From: from, To: to, Seen: map[string]Inserts{}}
	return c.Keep(c.State)
}

func (c *Copier) adoptSecret(ctx context.Context) error {
	const probe = "glint"
	ours, err := c.From.RecipientHasher(ctx)
	if err != nil {
		return err
	}
	theirs, err := c.To.RecipientHasher(ctx)
	if err != nil {
		return err
	}
	if ours.Key(probe) == theirs.Key(probe) {
		return nil
	}
	listed, err := list(ctx, c.To)
	if err != nil {
		return err
	}
	const keys = "key_fingerprints" // a glint that has only been started has them
	for _, t := range tables {
		if listed[t.name].Rows > 0 && t.name != keys {
			return fmt.Errorf("%w: its table %s has rows", ErrForeign, t.name)
		}
	}
	const secret = "recipient_secret"
	t, err := tableOf(ctx, c.From, secret)
	if err != nil {
		return err
	}
	var blocks []byte
	if err := c.From.ExportTable(ctx, &t, func(block []byte, _ uint64) error { blocks = append(blocks, block...); return nil }); err != nil {
		return err
	}
	for _, name := range []string{keys, secret} {
		if err := c.To.Truncate(ctx, name); err != nil {
			return err
		}
	}
	if err := c.To.InsertBlocks(ctx, secret, t.Columns, blocks); err != nil {
		return err
	}
	c.To.ForgetRecipientSecret()
	return nil
}

// list returns the tables of a warehouse by name.
func list(ctx context.Context, w *warehouse.Warehouse) (map[string]warehouse.Table, error) {
	all, err := w.Tables(ctx)
	if err != nil {
		return nil, err
	}
	byName := make(map[string]warehouse.Table, len(all))
	for i := range all {
		byName[all[i].Name] = all[i]
	}
	return byName, nil
}

func tableOf(ctx context.Context, w *warehouse.Warehouse, name string) (warehouse.Table, error) {
	listed, err := list(ctx, w)
	if err != nil {
		return warehouse.Table{}, err
	}
	return listed[name], nil
}

// Pass copies what the mirror does not have yet, and returns how many rows that were.
// After an error the next one goes on where this one has ended.
func (c *Copier) Pass(ctx context.Context) (rows uint64, err error) {
	parts, err := c.From.Parts(ctx, names(func(*table) bool { return true }))
	if err != nil {
		return 0, err
	}
	var first, last []*reading // the rows of last say that those of first are complete
	for i := range tables {
		r := &reading{Copier: c, table: &tables[i], parts: parts[tables[i].name]}
		switch {
		case !r.fresh():
		case held[r.name]:
			last = append(last, r)
		default:
			first = append(first, r)
		}
	}
	if len(first)+len(last) > 0 {
		if rows, err = c.bring(ctx, first, last); err != nil {
			return rows, err
		}
	}
	if !c.State.Whole {
		c.State.Whole = true
		err = c.Keep(c.State)
	}
	return rows, err
}

// bring reads the rows of last, copies those of first, and writes those of last.
func (c *Copier) bring(ctx context.Context, first, last []*reading) (rows uint64, err error) {
	listed, err := list(ctx, c.From)
	if err != nil {
		return 0, err
	}
	for _, r := range last {
		r.columns = listed[r.name]
		if err := r.read(ctx, r.gather); err != nil {
			return 0, err
		}
	}
	for _, r := range first {
		r.columns = listed[r.name]
		err := r.read(ctx, func(block []byte, n uint64) error { return r.write(ctx, block, n) })
		if err == nil {
			err = r.end(ctx)
		}
		if rows += r.rows; err != nil {
			return rows, err
		}
	}
	for _, r := range last {
		err := r.end(ctx)
		if rows += r.rows; err != nil {
			return rows, err
		}
	}
	return rows, nil
}

// names returns the names of tables.
func names(of func(*table) bool) (all []string) {
	for i := range tables {
		if of(&tables[i]) {
			all = append(all, tables[i].name)
		}
	}
	return all
}

// reading is the copying of one table.
type reading struct {
	*Copier
	*table
	parts   []warehouse.Part // that there were before it began
	known   []string         // those of them that were seen, as ClickHouse writes a text
	columns warehouse.Table
	blocks  []byte // read and not written
	waiting uint64 // their rows
	rows    uint64 // written
}

// maxBlockBytes is how much of a table is written at once.
const maxBlockBytes = 16 << 20

func (r *reading) gather(block []byte, rows uint64) error {
	r.blocks, r.waiting = append(r.blocks, block...), r.waiting+rows
	return nil
}

func (r *reading) write(ctx context.Context, block []byte, rows uint64) error {
	_ = r.gather(block, rows)
	if len(r.blocks) < maxBlockBytes {
		return nil
	}
	return r.flush(ctx)
}

func (r *reading) flush(ctx context.Context) error {
	if r.waiting == 0 {
		return nil
	}
	if err := r.To.InsertBlocks(ctx, r.name, r.columns.Columns, r.blocks); err != nil {
		return err
	}
	r.rows += r.waiting
	r.blocks, r.waiting = r.blocks[:0], 0
	if r.Progress != nil {
		r.Progress(r.name, r.rows)
	}
	return nil
}

// key names what was seen of the table. What comes into a logged table by other ways has
// a set of its own once the mirror is whole.
func (t *table) key(whole bool) string {
	if t.logged && whole {
		return t.name + "/later"
	}
	return t.name
}

// fresh reports whether there are parts that were not seen.
func (r *reading) fresh() bool {
	if r.logged && r.State.Whole && r.later == "" {
		return false
	}
	key := r.key(r.State.Whole)
	seen := r.State.Seen[key].of(r.parts)
	r.State.Seen[key] = seen
	for i := range r.parts {
		if seen.has(&r.parts[i]) {
			r.known = append(r.known, "'"+r.parts[i].Name+"'") // letters, digits and _ of ClickHouse's own
		}
	}
	return len(r.known) < len(r.parts)
}

// read calls visit with the rows of parts that were not seen. A part that was merged
// meanwhile is read as a whole; one that is new is read and not counted as seen.
func (r *reading) read(ctx context.Context, visit func([]byte, uint64) error) error {
	conditions := []string{"1"}
	if len(r.known) > 0 {
		conditions = append(conditions, "_part NOT IN ("+strings.Join(r.known, ", ")+")")
	}
	if r.logged && r.State.Whole {
		conditions = append(conditions, r.later)
	}
	if r.name == "consents" { // nothing replaces its rows
		absent, err := r.absentChoices(ctx)
		if err != nil {
			return err
		}
		conditions = append(conditions, absent)
	}
	return r.From.ExportRows(ctx, &r.columns, strings.Join(conditions, " AND "), visit)
}

// absentChoices is a condition that only choices meet which the mirror lacks.
func (r *reading) absentChoices(ctx context.Context) (string, error) {
	ends, err := r.To.ConsentEnds(ctx)
	if err != nil {
		return "", err
	}
	nodes := slices.Sorted(maps.Keys(ends))
	names, last := make([]string, len(nodes)), make([]string, len(nodes))
	for i, node := range nodes {
		names[i], last[i] = "'"+strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(node)+"'", fmt.Sprint(ends[node])
	}
	return "sequence > transform(node, [" + strings.Join(append(names, "''"), ", ") + "], [" + strings.Join(append(last, "0"), ", ") + "], toUInt64(0))", nil
}

// end writes the rest, and keeps that the mirror has what was there when the reading began.
func (r *reading) end(ctx context.Context) error {
	if err := r.flush(ctx); err != nil {
		return err
	}
	key := r.key(r.State.Whole)
	r.State.Seen[key] = r.State.Seen[key].with(r.parts)
	if r.logged && !r.State.Whole { // those rows were copied with all others
		later := r.key(true)
		r.State.Seen[later] = r.State.Seen[later].with(r.parts)
	}
	return r.Keep(r.State)
}

// Delivered is what of the logged tables is in the first warehouse now. Once all that
// the log has now is in the mirror, too, Deliver keeps that, and no later copy of all
// reads those rows again.
func (c *Copier) Delivered(ctx context.Context) (map[string][]warehouse.Part, error) {
	return c.From.Parts(ctx, names(func(t *table) bool { return t.logged }))
}

// Deliver keeps that the mirror has these parts; see Delivered.
func (c *Copier) Deliver(parts map[string][]warehouse.Part) error {
	for _, name := range names(func(t *table) bool { return t.logged }) {
		c.State.Seen[name] = c.State.Seen[name].with(parts[name])
	}
	return c.Keep(c.State)
}
