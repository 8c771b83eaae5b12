// Package wal is a write-ahead log: it keeps the bodies that ingest has
// accepted until the warehouse has them.
//
//	log, err := wal.Open(wal.Options{Dir: dir})
//	position, err := log.Append(ctx, &record)     // returns when on disk
//	record, position, err := reader.Next(ctx)     // of log.NewReader(from)
//	log.Release(wal.Position{Record: position.Record + 1}) // acknowledged; may be deleted
//
// It guarantees:
//   - A record that Append has acknowledged is on disk: its bytes, its file's
//     length and its file's name are synced. It outlives the process and a power
//     cut. Concurrent callers share one fsync.
//   - A reader sees only such records, in their order, each once.
//   - Open succeeds after any unclean stop. Only what was never acknowledged is
//     cut from the end.
//   - Damage is found by checksums, copied into quarantine, logged and counted,
//     and costs the records that it hits and no others.
//   - After a failed fsync nothing more is acknowledged from that file. After a
//     full disk the log works again by itself once there is room.
//   - Memory is bounded: one group of records in the writer, one window in each
//     reader, whatever the backlog.
//
// It does not copy records to another machine, encrypt them, look into their
// bodies, remember what was released (the caller has its own checkpoint), or
// repair what a lying disk has never written. A record whose Append failed may
// be in the log after a crash all the same; records carry identities of their
// own, and are stored once by those.
//
// FORMAT.md draws the files. The habits come from the logs of
// https://github.com/cockroachdb/pebble (record) and
// https://github.com/prometheus/prometheus (tsdb/wlog).
package wal
