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

// killQuery ends one query. Name and id are parameters, never part of the text;
// the user keeps a client from ending the query of another by its id.
const killQuery = "KILL QUERY WHERE query_id = {id:String} AND user = {user:String} ASYNC"

// The pauses between tries to end a query, which may not have begun at the first.
const (
	firstKillPause = 100 * time.Millisecond
	maxKillPause   = 5 * time.Second
)

// parameterEscaper writes a value as a query parameter wants it (the TabSeparated format).
var parameterEscaper = strings.NewReplacer(`\`, `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`, "\x00", `\0`)

// queryID returns the id under which the engine will run the query: the
// client's, or a fresh one, which it puts into the parameters.
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

// killIfAbandoned ends the query when the client leaves before the returned
// function is called. Without it the engine would go on without a parent.
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

// kill asks the engine once. When the engine is down there is nothing to end.
func (p *proxy) kill(id, user string) {
	none, cancel := context.WithCancel(context.Background())
	cancel() // the current backend or none, no waiting
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
