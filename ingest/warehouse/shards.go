package warehouse

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"sync"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"glint/schema"
	"glint/schema/migrate"
)

// ErrShards means that the servers of a cluster are not the shards that a warehouse has.
var ErrShards = errors.New("warehouse: other shards than those of the warehouse")

// shards are the servers over which the table of opens is spread: an open is on the shard
// that ShardOf names, in the table opens_local. All other tables are on the first shard,
// where opens is a Distributed table that reads all shards.
//
// Whatever reads opens asks the first shard as it asks a warehouse without shards. A batch
// of opens is divided here, and its parts are inserted where they belong, not through the
// Distributed table, which knows no name of an insert. A statement that changes rows runs on
// each shard; one that only adds rows which may be there already goes through the table.
type shards struct {
	cluster string
	all     []*Warehouse // the first one is the warehouse itself
	late    lateShards
}

// spreading are the settings of a connection to a warehouse with shards: an insert through
// the Distributed table is done when it is on its shard, and no shard is left out.
var spreading = clickhouse.Settings{
	"max_query_size":                                     16 << 20, // of lists in place of an external table
	"distributed_product_mode":                           "global",
	"distributed_foreground_insert":                      1,
	"parallel_distributed_insert_select":                 0,
	"skip_unavailable_shards":                            0,
	"max_replica_delay_for_distributed_queries":          int(MostBehind / time.Second),
	"fallback_to_stale_replicas_for_distributed_queries": 1,
}

// shardForm is the definition of opens that migrate gives it on the first shard.
var shardForm = regexp.MustCompile(`^Distributed\('([^']+)', .*jumpConsistentHash\(sipHash64\(message_id\), (\d+)\)\)$`)

// codeAccessDenied is ClickHouse's ACCESS_DENIED.
const codeAccessDenied = 497

// findShards connects to the other shards of a warehouse that has some. A reader does not:
// he may not ask for them, and changes nothing.
func (w *Warehouse) findShards(ctx context.Context) error {
	var distributed, place string
	var parts, plain uint64
	err := w.ask(ctx, "shard_form", nil, &distributed, &parts, &plain, &place)
	e, refused := errors.AsType[*clickhouse.Exception](err)
	switch {
	case err != nil && (!refused || e.Code != codeAccessDenied):
		return fmt.Errorf("ask for shards: %w", err)
	case distributed == "" && parts > 0:
		return fmt.Errorf("%w: this server is not of the first one (%s), which has all other tables", ErrShards, place)
	case distributed == "":
		return nil
	}
	form := shardForm.FindStringSubmatch(distributed)
	if form == nil {
		return fmt.Errorf("%w: the table opens is %s", ErrShards, distributed)
	}
	n, err := strconv.Atoi(form[2])
	if err != nil {
		return fmt.Errorf("%w: %w", ErrShards, err)
	}
	servers, err := w.serversOf(ctx, form[1])
	if err != nil {
		return err
	}
	if len(servers) != n {
		return fmt.Errorf("%w: it was made with %d, which is fixed, and the cluster %q has %d; glint migrate copy brings it into another number", ErrShards, n, form[1], len(servers))
	}
	return w.spread(form[1], servers)
}

// spread connects to all shards but the first one, and connects w anew, for shards.
func (w *Warehouse) spread(cluster string, servers [][]string) error {
	w.options.Settings = maps.Clone(w.options.Settings)
	maps.Copy(w.options.Settings, spreading)
	s := &shards{cluster: cluster, all: []*Warehouse{w}}
	w.shards = s
	if err := w.reopen(); err != nil {
		return err
	}
	for _, addresses := range servers[1:] {
		options := *w.options
		options.Protocol, options.Addr = clickhouse.Native, addresses
		options.TransportFunc, options.HttpHeaders = nil, nil
		options.Settings = maps.Clone(w.options.Settings)
		needQuorum(&options)
		shard := &Warehouse{options: &options}
		if err := shard.reopen(); err != nil {
			return err
		}
		s.all = append(s.all, shard)
	}
	return nil
}

// Shards returns over how many shards the opens are spread; 1: over none.
func (w *Warehouse) Shards() int {
	if w.shards == nil {
		return 1
	}
	return len(w.shards.all)
}

// eachShard calls do with each shard at once.
func (w *Warehouse) eachShard(do func(i int, shard *Warehouse) error) error {
	faults := make([]error, len(w.shards.all))
	var wait sync.WaitGroup
	for i, shard := range w.shards.all {
		wait.Go(func() {
			if err := do(i, shard); err != nil {
				faults[i] = fmt.Errorf("shard %d: %w", i+1, err)
			}
		})
	}
	wait.Wait()
	return errors.Join(faults...)
}

// insertSpread is InsertOpens for shards. It returns once each part is stored and the
// campaigns are marked as changed.
func (w *Warehouse) insertSpread(ctx context.Context, name string, opens []Open) error {
	parts := make([][]Open, len(w.shards.all))
	for i := range opens {
		at := ShardOf(opens[i].MessageID, len(parts))
		parts[at] = append(parts[at], opens[i])
	}
	err := w.eachShard(func(i int, shard *Warehouse) error {
		if len(parts[i]) == 0 {
			return nil
		}
		return insert(ctx, shard, "opens_local", openColumns, name+"/"+strconv.Itoa(i+1), parts[i])
	})
	if err != nil {
		return err
	}
	return w.arrive(ctx, name, opens)
}

// arrival is a row of the table arrivals.
type arrival struct {
	at, first, last time.Time
	campaign        uint64
	events          uint64
}

var arrivalColumns = []column[arrival]{
	{"arrived_at", of(func(a *arrival) int64 { return a.at.UnixMilli() })},
	{"campaign_id", of(func(a *arrival) uint64 { return a.campaign })},
	{"received_from", of(func(a *arrival) int64 { return a.first.UnixMilli() })},
	{"received_to", of(func(a *arrival) int64 { return a.last.UnixMilli() })},
	{"events", of(func(a *arrival) uint64 { return a.events })},
}

// arrive does for rows on other shards what the materialized views of opens do: it marks
// their campaigns as changed and records their arrival, by the clock of the first shard.
func (w *Warehouse) arrive(ctx context.Context, name string, opens []Open) error {
	_, now, err := w.ArrivalsSince(ctx, time.Now(), 0)
	if err != nil {
		return err
	}
	at := map[uint64]int{}
	var arrivals []arrival
	var campaigns []uint64
	for i := range opens {
		o := &opens[i]
		k, known := at[o.CampaignID]
		if !known {
			k = len(arrivals)
			at[o.CampaignID] = k
			campaigns = append(campaigns, o.CampaignID)
			arrivals = append(arrivals, arrival{at: now, first: o.ReceivedAt, last: o.ReceivedAt, campaign: o.CampaignID})
		}
		a := &arrivals[k]
		a.events++
		if o.ReceivedAt.Before(a.first) {
			a.first = o.ReceivedAt
		}
		if o.ReceivedAt.After(a.last) {
			a.last = o.ReceivedAt
		}
	}
	if err := w.Touched(ctx, campaigns); err != nil {
		return err
	}
	return insert(ctx, w, "arrivals", arrivalColumns, name+"/arrived", arrivals)
}

// changesOpens matches a statement that changes or deletes rows of opens: what it does,
// and with which rows.
var changesOpens = regexp.MustCompile(`(?s)^(?:--[^\n]*\n)*ALTER TABLE opens ((?:DELETE|UPDATE)\b.*?)\s+WHERE (.*)$`)

// change runs a statement that changes rows, and returns once it is done. With shards, the
// keys of rows of opens are first brought to their shard: the condition reads tables of the
// first one.
func (w *Warehouse) change(ctx context.Context, query string, args ...any) error {
	text := schema.Query(query)
	parts := changesOpens.FindStringSubmatch(text)
	if w.shards == nil || parts == nil {
		return w.conn.Exec(sweeping(ctx), text, args...)
	}
	sweep := rand.Text()
	keys := "INSERT INTO opens_swept SELECT DISTINCT '" + sweep + "', campaign_id, message_id, event_id FROM opens WHERE " + parts[2]
	if err := w.conn.Exec(sweeping(ctx), keys, args...); err != nil {
		return err
	}
	changed := "ALTER TABLE opens_local " + parts[1] + " WHERE (campaign_id, message_id, event_id) IN " +
		"(SELECT campaign_id, message_id, event_id FROM opens_swept_local WHERE sweep = '" + sweep + "')"
	return w.eachShard(func(_ int, shard *Warehouse) error {
		if err := shard.conn.Exec(sweeping(ctx), changed); err != nil {
			return err
		}
		return shard.conn.Exec(sweeping(ctx), "ALTER TABLE opens_swept_local DROP PARTITION '"+sweep+"'")
	})
}

// eachPart calls do with the server that has a table, and its name there; with shards, of
// opens with each of them.
func (w *Warehouse) eachPart(table string, do func(server *Warehouse, table string) error) error {
	if table != "opens" || w.shards == nil {
		return do(w, table)
	}
	return w.eachShard(func(_ int, shard *Warehouse) error { return do(shard, "opens_local") })
}

// Migrate brings the schema to that of this program, on all servers.
func (w *Warehouse) Migrate(ctx context.Context) (result migrate.Result, err error) {
	err = w.OnServers(ctx, func(all [][]*sql.DB) (err error) {
		if w.shards == nil {
			result, err = migrate.UpAll(ctx, all[0])
		} else {
			result, err = migrate.UpShards(ctx, migrate.Shards{Cluster: w.shards.cluster, Servers: all})
		}
		return err
	})
	return result, err
}

// OnServers calls do with a handle on each server, by shard. On a server that has no
// database of glint, or has lost it with its disk, it creates it.
func (w *Warehouse) OnServers(ctx context.Context, do func([][]*sql.DB) error) error {
	parts := []*Warehouse{w}
	if w.shards != nil {
		parts = w.shards.all
	}
	var all [][]*sql.DB
	var faults []error
	for _, shard := range parts {
		if len(parts) > 1 || len(shard.options.Addr) > 1 {
			_ = createDatabase(ctx, shard.options) // an unreachable replica is migrated later
		}
		var replicas []*sql.DB
		for _, one := range eachReplica(shard.options) {
			replicas = append(replicas, clickhouse.OpenDB(one))
		}
		all = append(all, replicas)
	}
	faults = append(faults, do(all))
	for _, replicas := range all {
		for _, db := range replicas {
			_ = db.Close()
		}
	}
	return errors.Join(faults...)
}

// Addresses returns the servers as host:port, in the order of OnServers.
func (w *Warehouse) Addresses() (all []string) {
	all = append(all, w.options.Addr...)
	if w.shards != nil {
		for _, shard := range w.shards.all[1:] {
			all = append(all, shard.options.Addr...)
		}
	}
	return all
}
