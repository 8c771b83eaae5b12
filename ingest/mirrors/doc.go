// Package mirrors keeps a second warehouse equal to a first one.
//
// Lines of the log reach a mirror through the log, with a separate cursor, so that neither
// warehouse waits for the other: package ingest runs those pipelines. This package does
// the rest. A Copier copies rows that are written only to the first warehouse (sends,
// imported events, choices, verdicts of judge), and all rows if a mirror is new, was wiped,
// or has been down for longer than the log could wait. Compare compares two warehouses
// table by table.
//
// Rows replace each other by their keys, so copying a row twice changes nothing. This
// package deletes nothing: each warehouse deletes by the same records (deleted campaigns,
// withdrawals, erasures, retention), which are copied.
package mirrors
