package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/semaphore"

	"glint/ingest/host/connlimit"
	"glint/ingest/warehouse/embedded/gatekeeper"
)

// The limits of the public server.
const (
	headerTimeout     = 10 * time.Second
	clientIdleTimeout = 5 * time.Minute
	// maxHeaderBytes, with the 4 KiB that net/http adds, keeps each field and
	// the request line below the engine's limits (http_max_field_value_size 128
	// KiB, http_max_uri_size 1 MiB; encoding at most triples a parameter).
	maxHeaderBytes = 120 << 10
	// maxEngineWait is the time for which a request waits while the engine is down.
	maxEngineWait = 30 * time.Second
	// dialRetry is the pause after the engine refused a connection.
	dialRetry = 25 * time.Millisecond
	// maxConnections is the limit of client connections even if there are many
	// descriptors: clients are few, and each pools its connections.
	maxConnections = 1024
)

// connectionLimit returns the limit of client connections: a sixth of the limit
// of ingest or the pixel, at most maxConnections. These two use up to three
// quarters of the descriptors, so at least an eighth stays free for the logs.
func connectionLimit() int { return min(maxConnections, connlimit.Share()/6) }

// readerStatements returns the number of statements of readers that the engine executes
// at a time. The engine checks time limits and KILL QUERY only between blocks
// of rows, so one expensive function over one row continues even if its client
// has left. Such statements keep their slots, so that inserts and reports get
// their part of the processors.
func readerStatements() int64 { return max(4, 2*int64(runtime.GOMAXPROCS(0))) }

// forwardedHeaders are sent to the engine; all others are dropped. Fewer
// headers reduce the risk of a bug in its parser.
var forwardedHeaders = []string{
	"Accept-Encoding", "Content-Encoding", "Content-Type", "User-Agent",
	"X-ClickHouse-Database", "X-ClickHouse-Format", "X-ClickHouse-Quota", "X-ClickHouse-Timezone",
}

// hopHeaders belong to one connection (RFC 9110, section 7.6.1).
var hopHeaders = []string{"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade"}

// proxy accepts clients' requests in place of the engine, whose own HTTP server
// aborts the process when a header is malformed, cut off or stalled. It serves
// only / and /ping; the engine's page /play would be open to anyone.
type proxy struct {
	relay     *relay
	doors     *authenticator
	warehouse User // used to end queries of disconnected clients
	bodies    *budget
	maxBody   int64
	server    *http.Server

	gate         *gatekeeper.Gatekeeper // checks the readers' requests
	views        map[string][]string    // of each reader
	readerBodies *budget
	statements   *semaphore.Weighted // limits the statements of readers in the engine
	turn         time.Duration       // how long a statement waits for a slot
	answerStall  time.Duration       // how long a client may stop reading its answer
}

func newProxy(cfg *Config, way *relay) *proxy {
	p := &proxy{
		relay:     way,
		doors:     newAuthenticator(cfg.Users),
		warehouse: cfg.warehouseUser(),
		bodies:    &budget{free: cfg.MaxBufferedBytes},
		maxBody:   cfg.MaxBodyBytes,

		views:        map[string][]string{},
		readerBodies: &budget{free: readerBodies},
		statements:   semaphore.NewWeighted(readerStatements()),
		turn:         maxTurnWait,
		answerStall:  bodyStall,
	}
	p.gate = gatekeeper.New(readerLimits(cfg), p.explain)
	for _, user := range cfg.Users {
		if !user.isWarehouse() {
			p.views[user.Name] = user.ReadOnlyViews
		}
	}
	p.server = &http.Server{
		Handler:           p,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       clientIdleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ConnState:         connlimit.New(connectionLimit()).ConnState(),
		// Messages of net/http contain addresses of clients.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	return p
}

// serve answers requests in the background until drain or close.
func (p *proxy) serve(listener net.Listener) {
	go func() { _ = p.server.Serve(listener) }()
}

// drain refuses new requests and waits for those in progress, for maxDrain or
// until ctx has nearly ended. Then it cuts them off, which ends their queries.
func (p *proxy) drain(ctx context.Context) {
	limit := maxDrain
	if deadline, ok := ctx.Deadline(); ok {
		limit = min(limit, time.Until(deadline)-endReserve)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if p.server.Shutdown(ctx) != nil {
		p.close()
	}
}

// close closes all connections.
func (p *proxy) close() { _ = p.server.Close() }

// ServeHTTP answers one request.
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength != 0 {
		// net/http waits for an unread body before it sends a refusal. readBody
		// sets deadlines of its own.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(drainTime))
	}
	switch {
	case r.URL.Path == "/ping" && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		p.ping(w, r)
	case r.URL.Path != "/":
		refuse(w, &refusal{http.StatusNotFound, codeBadArguments, "BAD_ARGUMENTS", "there is only / and /ping"})
	case r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodPost:
		w.Header().Set("Allow", "GET, HEAD, POST")
		refuse(w, &refusal{http.StatusMethodNotAllowed, codeBadArguments, "BAD_ARGUMENTS", "the method is not GET, HEAD or POST"})
	default:
		if refused := p.query(w, r); refused != nil {
			refuse(w, refused)
		}
	}
}

// ping asks the engine whether it is alive, with nothing of the client's
// request.
func (p *proxy) ping(w http.ResponseWriter, r *http.Request) {
	response, refused := p.exchange(r.Context(), func(base string) (*http.Request, error) {
		return http.NewRequest(http.MethodGet, base+"/ping", http.NoBody)
	})
	if refused != nil {
		refuse(w, refused)
		return
	}
	p.passOn(w, response)
}

// query checks a query, sends it to the engine and returns the answer to the
// client.
func (p *proxy) query(w http.ResponseWriter, r *http.Request) *refusal {
	// Strict: a query string that fails here might be parsed differently by the
	// engine.
	parameters, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return badRequest("the query string is malformed")
	}
	who, refused := p.doors.admit(r.Header, parameters)
	if refused != nil {
		return refused
	}
	dropAccount(parameters)
	if who.name != p.warehouse.Name {
		return p.read(w, r, who, parameters)
	}
	whole, refused := readBody(w, r, p.maxBody, p.bodies)
	if refused != nil {
		return refused
	}
	defer whole.release()

	// The engine's default_database is not used: while it is missing, the
	// engine refuses every query, CREATE DATABASE too.
	if !parameters.Has("database") && r.Header.Get("X-ClickHouse-Database") == "" {
		parameters.Set("database", Database)
	}
	id := queryID(r.Header, parameters)
	defer p.killIfAbandoned(r.Context(), id, who.name)()
	response, refused := p.exchange(r.Context(), func(base string) (*http.Request, error) {
		request, err := http.NewRequest(http.MethodPost, base+"/?"+parameters.Encode(), whole.reader())
		if err != nil {
			return nil, fmt.Errorf("build request to engine: %w", err)
		}
		request.ContentLength = whole.size
		request.GetBody = func() (io.ReadCloser, error) { return whole.reader(), nil }
		for _, name := range forwardedHeaders {
			if values := r.Header.Values(name); len(values) > 0 {
				request.Header[http.CanonicalHeaderKey(name)] = values
			}
		}
		request.SetBasicAuth(who.name, who.password)
		return request, nil
	})
	if refused != nil {
		return refused
	}
	p.passOn(w, response)
	return nil
}

// exchange sends a request to the engine and returns its answer. While the
// engine is down it waits: nothing has been sent, so a retry is safe. The
// request must not use the client's context, whose end could cut a header in
// the middle and so crash the engine.
func (p *proxy) exchange(client context.Context, build func(base string) (*http.Request, error)) (*http.Response, *refusal) {
	return p.exchangeWith(client, func(way *backend) (*http.Request, error) { return build(way.url) })
}

// exchangeWith is exchange for a request that needs the secrets of the engine's
// current run.
func (p *proxy) exchangeWith(client context.Context, build func(way *backend) (*http.Request, error)) (*http.Response, *refusal) {
	waiting, cancel := context.WithTimeout(client, maxEngineWait)
	defer cancel()
	for {
		way, err := p.relay.wait(waiting)
		if err != nil {
			return nil, engineLost("the engine is down")
		}
		request, err := build(way)
		if err != nil {
			return nil, badRequest("the request cannot be passed on")
		}
		response, err := way.send(request)
		if err == nil {
			return response, nil
		}
		var network *net.OpError
		if !errors.As(err, &network) || network.Op != "dial" {
			return nil, engineLost("the engine ended while it worked on this request; try again")
		}
		way.reportRefused()
		select {
		case <-waiting.Done():
		case <-time.After(dialRetry):
		}
	}
}

// passOn streams the engine's answer to the client.
func (p *proxy) passOn(w http.ResponseWriter, response *http.Response) {
	defer func() { _ = response.Body.Close() }()
	for name, values := range response.Header {
		w.Header()[name] = values
	}
	for _, name := range hopHeaders {
		w.Header().Del(name)
	}
	for name := range w.Header() {
		// Pages of other origins may not read answers, whatever headers the
		// engine sends.
		if strings.HasPrefix(name, "Access-Control-") {
			w.Header().Del(name)
		}
	}
	w.WriteHeader(response.StatusCode)
	control := http.NewResponseController(w)
	defer func() { _ = control.SetWriteDeadline(time.Time{}) }()
	buffer := make([]byte, 32<<10)
	for {
		n, err := response.Body.Read(buffer)
		// Otherwise a client that stops reading would keep its reader slot and
		// its connection.
		_ = control.SetWriteDeadline(time.Now().Add(p.answerStall))
		if n > 0 {
			if _, err := w.Write(buffer[:n]); err != nil {
				return // the client left
			}
		}
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			// The engine ended in the middle of the answer: only a closed
			// connection can show the client that it is incomplete.
			panic(http.ErrAbortHandler)
		}
		if err := control.Flush(); err != nil {
			return
		}
	}
}

func engineLost(message string) *refusal {
	return &refusal{http.StatusServiceUnavailable, codeNetworkError, "NETWORK_ERROR", message}
}

// refuse answers in the engine's form, so that its clients understand the
// error.
func refuse(w http.ResponseWriter, refused *refusal) {
	header := w.Header()
	header.Set("Content-Type", "text/plain; charset=UTF-8")
	header.Set("X-ClickHouse-Exception-Code", strconv.Itoa(refused.code))
	switch refused.status {
	case http.StatusUnauthorized:
		header.Set("WWW-Authenticate", `Basic realm="ClickHouse server HTTP API"`)
	case http.StatusServiceUnavailable:
		header.Set("Retry-After", "1")
	}
	w.WriteHeader(refused.status)
	_, _ = fmt.Fprintf(w, "Code: %d. DB::Exception: %s. (%s)\n", refused.code, strings.TrimSuffix(refused.message, "."), refused.name)
}
