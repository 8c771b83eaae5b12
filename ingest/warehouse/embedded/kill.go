package embedded

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"glint/ingest/host/backoff"
)

// killQuery ends one query. Name and id are parameters, never part of the text.
// The user name prevents a client from ending another user's query by its id.
const killQuery = "KILL QUERY WHERE query_id = {id:String} AND user = {user:String} ASYNC"

// The pauses between tries to end a query, which may not have started at the
// first try.
const (
	firstKillPause = 100 * time.Millisecond
	maxKillPause   = 5 * time.Second
)

// parameterEscaper escapes a value for a query parameter (TabSeparated format).
var parameterEscaper = strings.NewReplacer(`\`, `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`, "\x00", `\0`)

// queryID returns the id under which the engine runs the query: the client's,
// or a new one, which it adds to the parameters.
func queryID(header http.Header, parameters url.Values) string {
	id := parameters.Get("query_id")
	if id == "" {
		id = header.Get("X-ClickHouse-Query-Id")
	}
	if id == "" {
		id = uuid.NewString()
	}
	parameters.Set("query_id", id)
	return id
}

// killIfAbandoned ends the query if the client disconnects before the returned
// function is called. Otherwise the engine would continue it.
func (p *proxy) killIfAbandoned(client context.Context, id, user string) (finished func()) {
	answered := make(chan struct{})
	forget := context.AfterFunc(client, func() {
		for pauses := (backoff.Backoff{First: firstKillPause, Last: maxKillPause}); ; {
			p.kill(id, user)
			select {
			case <-answered:
				return
			case <-time.After(pauses.Next()):
			}
		}
	})
	return func() {
		forget()
		close(answered)
	}
}

// kill asks the engine once. If the engine is down, there is nothing to end.
func (p *proxy) kill(id, user string) {
	none, cancel := context.WithCancel(context.Background())
	cancel() // only the current backend, without waiting
	way, err := p.relay.wait(none)
	if err != nil {
		return
	}
	parameters := url.Values{
		"database":   {"system"},
		"param_id":   {parameterEscaper.Replace(id)},
		"param_user": {parameterEscaper.Replace(user)},
	}
	request, err := http.NewRequest(http.MethodPost, way.url+"/?"+parameters.Encode(), strings.NewReader(killQuery))
	if err != nil {
		return
	}
	request.SetBasicAuth(p.warehouse.Name, p.warehouse.Password)
	response, err := way.send(request)
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
}
