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

// Copier copies rows from one warehouse into another. It is for one goroutine.
type Copier struct {
	From, To *warehouse.Warehouse
	State    *State
	Keep     func(*State) error // stores the state after each change
	Progress func(table string, rows uint64)
}

// ErrForeign means that a warehouse contains the data of another glint, so that it cannot
// be a mirror of this one.
var ErrForeign = errors.New("mirrors: the warehouse has the data of another glint")

// ErrItself means that the mirror is the first warehouse itself.
var ErrItself = errors.New("mirrors: it is the first warehouse itself")

// Adopt prepares both warehouses for Pass: it checks their identities, and copies the
// secret of recipient keys to an empty mirror. Its error wraps ErrForeign if the mirror has
// messages under another secret, and ErrItself if both are the same. Both must be migrated.
// to is the identity of the mirror.
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
	const keys = "key_fingerprints" // a glint that was only started has them, too
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

// Pass copies the rows that the mirror lacks, and returns their number. After an error the
// next call continues from there.
func (c *Copier) Pass(ctx context.Context) (rows uint64, err error) {
	parts, err := c.From.Parts(ctx, names(func(*table) bool { return true }))
	if err != nil {
		return 0, err
	}
	var first, last []*reading // the rows of last mark rows of first as complete
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

// bring reads the rows of last, copies the rows of first, and then writes the rows of last.
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
	parts   []warehouse.Part // existing before the reading began
	known   []warehouse.Part // of them, those already copied
	columns warehouse.Table
	blocks  []byte // read and not written yet
	waiting uint64 // number of rows in blocks
	rows    uint64 // written
}

// maxBlockBytes is the approximate size of one write.
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

// key returns the key of the table's copied inserts in State.Seen. Once the mirror is
// whole, rows that enter a logged table in other ways have a separate set.
func (t *table) key(whole bool) string {
	if t.logged && whole {
		return t.name + "/later"
	}
	return t.name
}

// fresh reports whether there are parts that are not copied yet.
func (r *reading) fresh() bool {
	if r.logged && r.State.Whole && r.later == "" {
		return false
	}
	key := r.key(r.State.Whole)
	seen := r.State.Seen[key].of(r.parts)
	r.State.Seen[key] = seen
	for i := range r.parts {
		if seen.has(&r.parts[i]) {
			r.known = append(r.known, r.parts[i])
		}
	}
	return len(r.known) < len(r.parts)
}

// read calls visit with the rows of parts that are not copied yet. A part that was merged
// meanwhile is read completely; a new part is read but not counted as copied.
func (r *reading) read(ctx context.Context, visit func([]byte, uint64) error) error {
	conditions := []string{warehouse.OtherParts(r.known)}
	if r.logged && r.State.Whole {
		conditions = append(conditions, r.later)
	}
	if r.name == "consents" { // its rows are never replaced
		absent, err := r.absentChoices(ctx)
		if err != nil {
			return err
		}
		conditions = append(conditions, absent)
	}
	return r.From.ExportRows(ctx, &r.columns, strings.Join(conditions, " AND "), visit)
}

// absentChoices returns a condition that selects the choices that the mirror lacks.
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

// end writes the rest, and records that the mirror has the parts from before the reading.
func (r *reading) end(ctx context.Context) error {
	if err := r.flush(ctx); err != nil {
		return err
	}
	key := r.key(r.State.Whole)
	r.State.Seen[key] = r.State.Seen[key].with(r.parts)
	if r.logged && !r.State.Whole { // these rows were copied with all others
		later := r.key(true)
		r.State.Seen[later] = r.State.Seen[later].with(r.parts)
	}
	return r.Keep(r.State)
}

// Delivered returns the current parts of the logged tables in the first warehouse. Once
// all current records of the log are in the mirror, too, pass them to Deliver, so that a
// later copy of everything omits these rows.
func (c *Copier) Delivered(ctx context.Context) (map[string][]warehouse.Part, error) {
	return c.From.Parts(ctx, names(func(t *table) bool { return t.logged }))
}

// Deliver records that the mirror has these parts; see Delivered.
func (c *Copier) Deliver(parts map[string][]warehouse.Part) error {
	for _, name := range names(func(t *table) bool { return t.logged }) {
		c.State.Seen[name] = c.State.Seen[name].with(parts[name])
	}
	return c.Keep(c.State)
}
