-- Purpose: the servers of a cluster, as one of them knows it.
-- Grain:   one row: as lists of equal length each server's host and its port of the native protocol, and the number of shards.
-- Units:   none.
-- Reads:   system.clusters.
SELECT groupArray(host_name) AS hosts, groupArray(port) AS ports, uniqExact(shard_num) AS shards
FROM (
    SELECT host_name, port, shard_num
    FROM system.clusters
    WHERE cluster = {cluster:String}
    ORDER BY shard_num, replica_num
)
