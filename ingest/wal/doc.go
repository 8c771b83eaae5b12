// Package wal is a write-ahead log: it keeps the bodies that ingest has
// accepted until the warehouse has stored them.
//
//	log, err := wal.Open(wal.Options{Dir: dir})
//	position, err := log.Append(ctx, &record)     // returns when on disk
//	record, position, err := reader.Next(ctx)     // of log.NewReader(from)
//	log.Release(wal.Position{Record: position.Record + 1}) // acknowledged; may be deleted
//
// It guarantees:
//
//   - A record that Append has acknowledged is on disk: its bytes, its file's
//     length and its file's name are synced. It survives the end of the process
//     and a power cut. Concurrent callers share one fsync.
//   - A reader returns only such records, in order, each once.
//   - Open succeeds after any unclean stop. It cuts only unacknowledged bytes
//     from the end.
//   - Checksums detect damage. Damaged bytes are copied into quarantine, logged
//     and counted; only the records in them are lost.
//   - After a failed fsync no further record of that file is acknowledged.
//     After a full disk the log works again as soon as there is room.
//   - Memory is bounded: one group of records in the writer and one window in
//     each reader, whatever the backlog.
//
// It does not copy records to another machine, encrypt them or parse their
// bodies. It does not store what was released: the caller keeps its own
// checkpoint. It cannot repair bytes that a disk confirmed and never wrote. A
// record whose Append failed may still be in the log after a crash; records
// carry identities of their own, by which the warehouse stores each once.
//
// FORMAT.md draws the files. The design follows the logs of
// https://github.com/cockroachdb/pebble (record) and
// https://github.com/prometheus/prometheus (tsdb/wlog).
package wal
