-- Purpose: the servers of a cluster, as one of them knows it.
-- Grain:   one row: as lists of equal length each server's host, its port of the native protocol, and the number of its shard, in that order.
-- Units:   shards are numbered from 1.
-- Reads:   system.clusters.
SELECT groupArray(host_name) AS hosts, groupArray(port) AS ports, groupArray(shard_num) AS shards
FROM (
    SELECT host_name, port, shard_num
    FROM system.clusters
    WHERE cluster = {cluster:String}
    ORDER BY shard_num, replica_num
)
