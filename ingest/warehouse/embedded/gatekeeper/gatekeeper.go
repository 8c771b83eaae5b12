package gatekeeper

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/url"
	"strings"
)

// Explain returns the lines of the engine's answer to EXPLAIN AST for a
// statement with the query parameters (param_…). An error ends the check and is
// returned unchanged.
type Explain func(ctx context.Context, statement string, parameters url.Values) ([]string, error)

// Gatekeeper checks the requests of readers. Safe for concurrent use.
type Gatekeeper struct {
	limits  Limits
	explain Explain
	known   verdicts
}

// New returns a gatekeeper that asks the engine through explain.
func New(limits Limits, explain Explain) *Gatekeeper {
	return &Gatekeeper{limits: limits, explain: explain}
}

// Request is a reader's request. Parameters are the URL's, without the account; Body is the decoded body; Views are the names that the reader may read.
type Request struct {
	Parameters url.Values
	Body       string
	Views      []string
}

// Passed is the request that is sent to the engine instead.
type Passed struct {
	Statement  string
	Parameters url.Values
}

// Check returns the request to send to the engine. Its error is a *Refusal, or
// the error of Explain.
func (g *Gatekeeper) Check(ctx context.Context, request Request) (*Passed, error) {
	parameters, refused := g.parameters(request.Parameters)
	if refused != nil {
		return nil, refused
	}
	source := request.Parameters.Get("query")
	if strings.TrimSpace(source) != "" && strings.TrimSpace(request.Body) != "" {
		return nil, &Refusal{codeBadArguments, "BAD_ARGUMENTS", "the statement is in the parameter query or in the body, not in both"}
	}
	if strings.TrimSpace(source) == "" {
		source = request.Body
	}
	if len(source) > MaxStatementBytes {
		return nil, &Refusal{codeTooManyBytes, "TOO_MANY_BYTES", "the statement is longer than 262144 bytes"}
	}
	parsed, refused := parse(source, g.limits)
	if refused != nil {
		return nil, refused
	}
	names, refused := identifierValues(parsed, parameters)
	if refused != nil {
		return nil, refused
	}
	views := map[string]bool{}
	for _, view := range request.Views {
		views[strings.ToLower(view)] = true
	}
	// Values of other types stay literals in the tree, so they need not be in the key.
	key := sha256.Sum256([]byte(fmt.Sprintf("%q %q %q", parsed.text, names, request.Views)))
	refused, known := g.known.get(key)
	if !known {
		lines, err := g.explain(ctx, parsed.text, onlyQueryParameters(parameters))
		if err != nil {
			return nil, err
		}
		refused = checkTree(lines, parsed.settings, views)
		g.known.put(key, refused)
	}
	if refused != nil {
		return nil, refused
	}
	return &Passed{Statement: parsed.text, Parameters: parameters}, nil
}

// identifierValues returns the values of parameters that are used as names.
func identifierValues(parsed *statement, parameters url.Values) ([]string, *Refusal) {
	var names []string
	for _, name := range parsed.identifiers {
		value := parameters.Get("param_" + name)
		if !plainIdentifier.MatchString(value) || functionRefused(value) {
			return nil, denied("the parameter " + printable(name) + " is no plain name")
		}
		names = append(names, name+"="+value)
	}
	return names, nil
}

func onlyQueryParameters(parameters url.Values) url.Values {
	only := url.Values{}
	for name, values := range parameters {
		if strings.HasPrefix(name, "param_") {
			only[name] = values
		}
	}
	return only
}

// ownParameters are parameters of the HTTP interface that are not settings
// (https://clickhouse.com/docs/interfaces/http). The value is whether the
// parameter is sent on. Each request is its own session: names of sessions are
// dropped.
var ownParameters = map[string]bool{
	"query": false, "decompress": false,
	"session_id": false, "session_timeout": false, "session_check": false, "close_session": false,
	"database": true, "default_format": true, "compress": true, "query_id": true, "quota_key": true,
	"client_protocol_version": true, "wait_end_of_query": true, "buffer_size": true, "log_comment": false,
	// For readers the engine accepts only the profile's value.
	"readonly": false,
}

// parameters returns the parameters to send on.
func (g *Gatekeeper) parameters(asked url.Values) (url.Values, *Refusal) {
	sent := url.Values{}
	for name, values := range asked {
		if len(values) != 1 {
			return nil, &Refusal{codeBadArguments, "BAD_ARGUMENTS", "the parameter " + printable(name) + " is there more than once"}
		}
		value := values[0]
		forwarded, own := ownParameters[name]
		switch {
		case strings.HasPrefix(name, "param_"):
			if !functionForm.MatchString(strings.TrimPrefix(name, "param_")) {
				return nil, &Refusal{codeBadArguments, "BAD_ARGUMENTS", "the name of a query parameter is not plain"}
			}
			sent.Set(name, value)
			continue
		case name == "default_format" && !formatAllowed(value):
			return nil, unknownFormat(value)
		case name == "database" && !databases[strings.ToLower(value)] && value != "default" && value != "":
			return nil, denied("the database " + printable(value) + " is not open to a reader")
		case name == "database" && (value == "default" || value == ""):
			continue // sent by clients without a configured database
		case name == "readonly" && !readonlyForm.MatchString(value):
			return nil, &Refusal{codeReadonly, "READONLY", "readonly cannot be lowered"}
		}
		if own {
			if forwarded {
				sent.Set(name, value)
			}
			continue
		}
		allowed, refused := checkSetting(name, value, g.limits)
		if refused != nil {
			return nil, refused
		}
		sent.Set(name, allowed)
	}
	return sent, nil
}
