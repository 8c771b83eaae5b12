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

// ConnectCluster connects to all servers of a cluster, which are the replicas of one
// shard, as the server at dsn lists them. It uses dsn's user and password and the native
// protocol, whose ports the list contains.
func ConnectCluster(ctx context.Context, dsn, cluster string) (*Warehouse, error) {
	one, err := Connect(ctx, dsn)
	if err != nil {
		return nil, err
	}
	defer func() { _ = one.Close() }()
	var hosts []string
	var ports []uint16
	var shards uint64
	if err := one.ask(ctx, "cluster_nodes", []any{clickhouse.Named("cluster", cluster)}, &hosts, &ports, &shards); err != nil {
		return nil, fmt.Errorf("read cluster %q: %w", cluster, err)
	}
	switch {
	case len(hosts) == 0:
		return nil, fmt.Errorf("%w: the server knows no cluster %q: see system.clusters", ErrCluster, cluster)
	case shards > 1:
		return nil, fmt.Errorf("%w: %q has %d shards; glint uses the replicas of one", ErrCluster, cluster, shards)
	}
	addresses := make([]string, len(hosts))
	for i := range hosts {
		addresses[i] = net.JoinHostPort(hosts[i], strconv.Itoa(int(ports[i])))
	}
	u := url.URL{Scheme: "clickhouse", User: url.UserPassword(one.options.Auth.Username, one.options.Auth.Password), Host: "replicas", Path: "/" + Database}
	if one.options.TLS != nil {
		u.RawQuery = "secure=true"
	}
	return Connect(ctx, strings.Replace(u.String(), "@replicas/", "@"+strings.Join(addresses, ",")+"/", 1))
}
