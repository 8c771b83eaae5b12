package warehouse

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// ErrCluster means that a cluster does not exist or cannot be used by glint.
var ErrCluster = errors.New("warehouse: unusable cluster")

// ConnectCluster connects to all servers of a cluster, as the server at dsn lists them. It
// uses dsn's user and password and the native protocol, whose ports the list contains. The
// servers of each shard are replicas; a warehouse that has shards must have these.
func ConnectCluster(ctx context.Context, dsn, cluster string) (*Warehouse, error) {
	one, err := dial(ctx, dsn)
	if err != nil {
		return nil, err
	}
	defer func() { _ = one.Close() }()
	servers, err := one.serversOf(ctx, cluster)
	if err != nil {
		return nil, err
	}
	u := url.URL{Scheme: "clickhouse", User: url.UserPassword(one.options.Auth.Username, one.options.Auth.Password), Host: "replicas", Path: "/" + Database}
	if one.options.TLS != nil {
		u.RawQuery = "secure=true"
	}
	w, err := Connect(ctx, strings.Replace(u.String(), "@replicas/", "@"+strings.Join(servers[0], ",")+"/", 1))
	switch {
	case err != nil:
		return nil, err
	case w.shards != nil && w.shards.cluster != cluster:
		err = fmt.Errorf("%w: the warehouse is in the shards of %q", ErrCluster, w.shards.cluster)
	case w.shards == nil && len(servers) > 1:
		err = w.spread(cluster, servers)
	}
	if err != nil {
		_ = w.Close()
		return nil, err
	}
	return w, nil
}

// serversOf returns the servers of each shard of a cluster, as host:port of the native
// protocol.
func (w *Warehouse) serversOf(ctx context.Context, cluster string) ([][]string, error) {
	var hosts []string
	var ports []uint16
	var shards []uint32
	if err := w.ask(ctx, "cluster_nodes", []any{clickhouse.Named("cluster", cluster)}, &hosts, &ports, &shards); err != nil {
		return nil, fmt.Errorf("read cluster %q: %w", cluster, err)
	}
	if len(hosts) == 0 {
		return nil, fmt.Errorf("%w: the server knows no cluster %q: see system.clusters", ErrCluster, cluster)
	}
	var servers [][]string
	for i := range hosts {
		if i == 0 || shards[i] != shards[i-1] {
			servers = append(servers, nil)
		}
		of := &servers[len(servers)-1]
		*of = append(*of, net.JoinHostPort(hosts[i], strconv.Itoa(int(ports[i]))))
	}
	return servers, nil
}
