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
// one. Both are migrated.
func (c *Copier) Adopt(ctx context.Context) error {
	from, err := c.From.Identity(ctx)
	if err != nil {
		return err
	}
	to, err := c.To.Identity(ctx)
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
	listed, err := list(ctx, c.From)
	if err != nil {
		return 0, err
	}
	var waiting []*reading
	for i := range tables {
		if !held[tables[i].name] {
			continue
		}
		r := &reading{Copier: c, table: &tables[i], columns: listed[tables[i].name]}
		if err := r.read(ctx, r.gather); err != nil {
			return rows, err
		}
		waiting = append(waiting, r)
	}
	for i := range tables {
		if held[tables[i].name] {
			continue
		}
		r := &reading{Copier: c, table: &tables[i], columns: listed[tables[i].name]}
		err := r.read(ctx, func(block []byte, n uint64) error { return r.write(ctx, block, n) })
		if err == nil {
			err = r.flush(ctx)
		}
		rows += r.rows
		if err != nil {
			return rows, err
		}
		if err := r.seen(); err != nil {
			return rows, err
		}
	}
	for _, r := range waiting {
		err := r.flush(ctx)
		rows += r.rows
		if err == nil {
			err = r.seen()
		}
		if err != nil {
			return rows, err
		}
	}
	if !c.State.Whole {
		c.State.Whole = true
		err = c.Keep(c.State)
	}
	return rows, err
}

// reading is the copying of one table.
type reading struct {
	*Copier
	*table
	columns warehouse.Table
	parts   []warehouse.Part // before it began; nil: there was nothing to copy
	blocks  []byte           // read and not written
	waiting uint64           // their rows
	rows    uint64           // written
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

// read calls visit with the rows of parts that were not seen. A part that was merged
// meanwhile is read as a whole; one that is new is read and not counted as seen.
func (r *reading) read(ctx context.Context, visit func([]byte, uint64) error) error {
	if r.logged && r.State.Whole && r.later == "" {
		return nil
	}
	parts, err := r.From.Parts(ctx, r.name)
	if err != nil {
		return err
	}
	seen := r.State.Seen[r.key(r.State.Whole)]
	var known []string
	for i := range parts {
		if seen.has(&parts[i]) {
			known = append(known, "'"+parts[i].Name+"'") // letters, digits and _ of ClickHouse's own
		}
	}
	if len(known) == len(parts) {
		return nil
	}
	r.parts = parts
	var conditions []string
	if len(known) > 0 {
		conditions = append(conditions, "_part NOT IN ("+strings.Join(known, ", ")+")")
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
	if len(conditions) == 0 {
		conditions = []string{"1"}
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

// seen keeps that the mirror has what was there when the reading began.
func (r *reading) seen() error {
	if r.parts == nil {
		return nil
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
	all := map[string][]warehouse.Part{}
	for i := range tables {
		if !tables[i].logged {
			continue
		}
		parts, err := c.From.Parts(ctx, tables[i].name)
		if err != nil {
			return nil, err
		}
		all[tables[i].name] = parts
	}
	return all, nil
}

// Deliver keeps that the mirror has these parts; see Delivered.
func (c *Copier) Deliver(parts map[string][]warehouse.Part) error {
	for name, of := range parts {
		c.State.Seen[name] = c.State.Seen[name].with(of)
	}
	return c.Keep(c.State)
}

// Lose keeps that the mirror lacks rows that the log does not have any more.
func (c *Copier) Lose() error {
	c.State.Whole = false
	return c.Keep(c.State)
}
