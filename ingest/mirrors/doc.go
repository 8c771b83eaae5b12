// Package mirrors keeps a second warehouse equal to a first one.
//
// What comes by the log reaches a mirror by the log, with a cursor of its own, so that
// neither waits for the other: package ingest runs those pipelines. This package has
// the rest. A Copier brings over what is written into the first warehouse alone (sends,
// events that were imported, choices, verdicts of a judge), and all there is when a
// mirror is new, was wiped, or has been away for longer than the log could wait. Compare
// says whether two warehouses are equal, table by table.
//
// Rows replace each other by their keys, so copying one twice changes nothing. Nothing
// here deletes: what is to go from a mirror goes by the same records as in the first
// warehouse (deleted campaigns, withdrawals, erasures, retention), which are copied.
package mirrors
