// Package embedded runs the ClickHouse engine (libchdb) as a supervised child
// process and serves its HTTP interface through a proxy, so that any ClickHouse
// HTTP client talks to it as to a server.
//
// The parts, from the outside in:
//
//	client ──▶ proxy (public address, this process)
//	             checks credentials, buffers the body, waits for the engine;
//	             for readers also checks the statement (package gatekeeper)
//	               └─▶ engine (child process, a network of its own, Landlock)
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
//   - No request reaches the engine through the proxy without a name and password
//     from Config.Users, except for GET and HEAD of /ping.
//   - The proxy parses each request itself and sends the engine one of its own
//     making, so that a malformed one never reaches the engine's HTTP server.
//   - The engine runs as ClickHouse's local application, whose functions,
//     formats and settings open any path and host and ask for no grant. Three
//     things stop them, each tested alone: Landlock (the engine writes to its
//     data, temporary files and logs, and reads its configuration, the system's
//     libraries and facts about itself), a network namespace without any other
//     host, and, for readers, the check of each statement.
//   - A connection to the engine is made by the engine's own process and handed
//     over; its listener answers only with a key made at each start. If the
//     system allows no network namespaces, local users can connect, too: they
//     get no answer, and can crash the engine with a malformed header.
//   - Settings that would act inside of views are sealed in the profiles of the
//     reader and of the views' definer.
//   - Passwords are in no argument list and no environment. The rendered
//     configuration holds SHA-256 sums and the listener's key, and has mode 0600.
//
// If a system lacks a part of this, the log says which.
//
// Not promised: that the warehouse user, who is trusted with its password,
// cannot read the engine's own folders or damage them by SQL; that a reader
// cannot keep the engine busy within its limits; TLS; ClickHouse's native
// protocol; users created by SQL. Landlock does not cover sockets in the file
// system, which no function of the engine opens. It runs on Linux with glibc only.
//
// The interface of the library is described at
// https://github.com/chdb-io/chdb/blob/main/programs/local/chdb.h; the HTTP
// interface at https://clickhouse.com/docs/interfaces/http.
package embedded
