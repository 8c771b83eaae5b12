// Package gatekeeper decides whether a statement of a read-only user may reach
// the engine.
//
// Grants alone do not confine a reader: the engine's functions, formats and
// settings reach files and other hosts without asking for a grant, and settings
// inside a sub-query are not checked against constraints. So one request passes
// four checks:
//
//  1. Decode undoes the transport (gzip, deflate, zstd, brotli and the frames of
//     ClickHouse's own protocol), within a limit.
//  2. The parameters of the URL are on a list, and each is within its bounds.
//  3. The text is one plain statement: outside of string literals only printable
//     ASCII without escapes, so that it cannot be read in two ways. Formats and
//     the settings of the query and of each sub-query are on a list.
//  4. The engine's own parser (EXPLAIN AST, which executes nothing) says which
//     functions, table functions and databases the statement names.
//
// A statement that passes is sent on as plain text, so that the engine executes exactly
// the text that was checked. A kind of statement, a setting, a format, a table function
// or a node of the syntax tree that is not on a list is refused. Functions are
// the exception: the list has the ones that reach beyond the query, since the engine
// has 1,800 others; a test compares the engine's names with the reviewed ones.
//
// The package does not decide which tables a reader sees; grants do that.
//
// The lexical rules follow
// https://clickhouse.com/docs/sql-reference/syntax.
package gatekeeper
