// Package embedded runs the ClickHouse engine (libchdb) as a supervised child
// process and serves its HTTP interface through a proxy, so that any ClickHouse
// HTTP client talks to it as to a server.
//
// The parts, from the outside in:
//
//	client ──▶ proxy (public address, this process)
//	             checks credentials, buffers the body, waits for the engine
//	               └─▶ engine (child process, random loopback port)
//	                     our own binary, re-executed, with the library loaded
//
// Guarantees:
//   - One process per data directory. The lock is held by this process and by
//     the child, so it is free only when both are gone.
//   - The child never outlives this process by more than 5 s, even after
//     SIGKILL: its standard input is a pipe whose other end only we hold.
//   - A crashed engine is started again. Requests that have not been sent yet
//     wait for it; requests under way get 503 with exception code 210, or a cut
//     connection if part of the answer was sent. Acknowledged rows survive.
//   - Nobody reaches the engine through the proxy without a name and password
//     from Config.Users, except for GET and HEAD of /ping.
//   - Passwords are in no argument list and no environment. The rendered
//     configuration holds SHA-256 sums and has mode 0600.
//
// Not promised: defence against other local users, who can find the inner port
// and crash the engine with a malformed header (they cannot read data), TLS,
// ClickHouse's native protocol, and users created by SQL. It runs on Linux
// with glibc only.
//
// The interface of the library is described at
// https://github.com/chdb-io/chdb/blob/main/programs/local/chdb.h; the HTTP
// interface at https://clickhouse.com/docs/interfaces/http.
package embedded
