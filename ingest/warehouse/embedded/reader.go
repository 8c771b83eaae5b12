package embedded

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"glint/ingest/warehouse/embedded/gatekeeper"
)

// The limits of readers' bodies. They have a separate budget, so that readers
// cannot use up the memory for inserts.
const (
	maxReaderBody   = 1 << 20
	readerBodies    = 64 << 20
	maxExplainBytes = 16 << 20
	// maxTurnWait is the longest time that a reader's statement waits for
	// others.
	maxTurnWait = 30 * time.Second
)

// passedOn answers a request with another answer of the engine instead of the
// query's.
type passedOn struct{ response *http.Response }

// Error returns the status.
func (p *passedOn) Error() string { return p.response.Status }

// read checks a reader's query and sends the checked form to the engine: one
// plain statement as the body of a POST, and parameters from the lists. Of the
// client's headers it passes on only the accepted encodings.
func (p *proxy) read(w http.ResponseWriter, r *http.Request, who account, parameters url.Values) *refusal {
	source, refused := p.readerBody(w, r, parameters)
	if refused != nil {
		return refused
	}
	for parameter, name := range map[string]string{"database": "X-ClickHouse-Database", "default_format": "X-ClickHouse-Format"} {
		if value := r.Header.Get(name); value != "" && !parameters.Has(parameter) {
			parameters.Set(parameter, value)
		}
	}
	passed, err := p.gate.Check(r.Context(), gatekeeper.Request{Parameters: parameters, Body: source, Views: p.views[who.name]})
	if err != nil {
		return p.answerFor(w, err)
	}
	parameters = passed.Parameters
	if !parameters.Has("database") {
		parameters.Set("database", Database)
	}
	if refused := p.takeTurn(r.Context()); refused != nil {
		return refused
	}
	// Only after the engine has ended the query, even if the client has
	// disconnected.
	defer p.statements.Release(1)
	id := queryID(r.Header, parameters)
	defer p.killIfAbandoned(r.Context(), id, who.name)()
	response, refused := p.exchange(r.Context(), func(base string) (*http.Request, error) {
		request, err := statementRequest(base, passed.Statement, parameters)
		if err != nil {
			return nil, err
		}
		if values := r.Header.Values("Accept-Encoding"); len(values) > 0 {
			request.Header["Accept-Encoding"] = values
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

// takeTurn waits until the engine executes few enough statements of readers.
func (p *proxy) takeTurn(client context.Context) *refusal {
	waiting, cancel := context.WithTimeout(client, p.turn)
	defer cancel()
	if p.statements.Acquire(waiting, 1) != nil {
		return &refusal{
			http.StatusServiceUnavailable, codeTooManyQueries, "TOO_MANY_SIMULTANEOUS_QUERIES",
			"the engine is busy with other statements of readers; try again later",
		}
	}
	return nil
}

// readerBody returns the decoded body.
func (p *proxy) readerBody(w http.ResponseWriter, r *http.Request, parameters url.Values) (string, *refusal) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && strings.HasPrefix(kind, "multipart/") {
		return "", badRequest("a reader sends no multipart bodies, and no external data")
	}
	whole, refused := readBody(w, r, maxReaderBody, p.readerBodies)
	if refused != nil {
		return "", refused
	}
	defer whole.release()
	raw, err := io.ReadAll(whole.reader())
	if err != nil {
		return "", badRequest("the request body cannot be read")
	}
	framed := parameters.Get("decompress")
	if framed != "" && framed != "0" && framed != "1" {
		return "", badRequest("the parameter decompress is 0 or 1")
	}
	encodings := r.Header.Values("Content-Encoding")
	if len(encodings) > 1 {
		return "", badRequest("more than one Content-Encoding")
	}
	source, fault := gatekeeper.Decode(raw, strings.ToLower(strings.Join(encodings, "")), framed == "1")
	if fault != nil {
		return "", refusedBy(fault)
	}
	return source, nil
}

// answerFor converts an error of the gatekeeper into an answer.
func (p *proxy) answerFor(w http.ResponseWriter, err error) *refusal {
	var fault *gatekeeper.Refusal
	var lost *lostEngine
	var engine *passedOn
	switch {
	case errors.As(err, &fault):
		return refusedBy(fault)
	case errors.As(err, &lost):
		return lost.refused
	case errors.As(err, &engine):
		p.passOn(w, engine.response)
		return nil
	}
	return engineLost("the statement could not be checked; try again")
}

func refusedBy(fault *gatekeeper.Refusal) *refusal {
	status := http.StatusBadRequest
	if fault.Name == "ACCESS_DENIED" {
		status = http.StatusForbidden
	}
	return &refusal{status, fault.Code, fault.Name, fault.Message}
}

// lostEngine carries a refusal of exchange through the gatekeeper.
type lostEngine struct{ refused *refusal }

// Error returns the message of the refusal.
func (l *lostEngine) Error() string { return l.refused.message }

// explain asks the engine for the syntax tree of a statement, as a user without
// rights.
func (p *proxy) explain(ctx context.Context, statement string, parameters url.Values) ([]string, error) {
	asked := url.Values{"database": {"system"}, "default_format": {"JSONEachRow"}, "wait_end_of_query": {"1"}}
	for name, values := range parameters {
		asked[name] = values
	}
	response, refused := p.exchangeWith(ctx, func(way *backend) (*http.Request, error) {
		request, err := statementRequest(way.url, "EXPLAIN AST "+statement, asked)
		if err != nil {
			return nil, err
		}
		request.SetBasicAuth(parserName, way.secrets.Parser)
		return request, nil
	})
	if refused != nil {
		return nil, &lostEngine{refused}
	}
	if response.StatusCode != http.StatusOK {
		return nil, &passedOn{response}
	}
	defer func() { _ = response.Body.Close() }()
	var lines []string
	decoder := json.NewDecoder(io.LimitReader(response.Body, maxExplainBytes))
	for {
		var row struct {
			Explain string `json:"explain"`
		}
		err := decoder.Decode(&row)
		if errors.Is(err, io.EOF) && decoder.InputOffset() < maxExplainBytes {
			return lines, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read syntax tree: %w", err)
		}
		lines = append(lines, row.Explain)
	}
}

// statementRequest returns a request to the engine with one statement as its
// body.
func statementRequest(base, statement string, parameters url.Values) (*http.Request, error) {
	request, err := http.NewRequest(http.MethodPost, base+"/?"+parameters.Encode(), strings.NewReader(statement))
	if err != nil {
		return nil, fmt.Errorf("build request to engine: %w", err)
	}
	return request, nil
}
