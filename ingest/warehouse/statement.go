package warehouse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// The errors of Statement.
var (
	// ErrNoHTTP is returned for a warehouse connected by ClickHouse's native
	// protocol.
	ErrNoHTTP = errors.New("warehouse: statements of people need ClickHouse's HTTP interface")
	// ErrOtherFormat is returned for a statement with its own FORMAT clause.
	ErrOtherFormat = errors.New("warehouse: the statement has a FORMAT of its own")
)

// StatementError is ClickHouse's error about a user's statement.
type StatementError struct {
	Code    int
	Message string // without the server's version
}

func (e *StatementError) Error() string { return e.Message }

// statementSettings make all servers write times, numbers and errors in the
// same way.
var statementSettings = map[string]string{
	"output_format_json_quote_64bit_integers": "1",
	"output_format_json_quote_denormals":      "0",
	"date_time_output_format":                 "iso",
	"http_write_exception_in_output_format":   "0",
}

// Statement sends a user's statement and returns the answer in the given
// ClickHouse format. parameters are the statement's, {name:Type}. If the answer
// is incomplete, the reader returns an error instead of io.EOF. The caller
// closes it. Errors: ErrNoHTTP, ErrOtherFormat, *StatementError.
func (w *Warehouse) Statement(ctx context.Context, statement, format string, parameters map[string]string) (io.ReadCloser, error) {
	if w.options.Protocol != clickhouse.HTTP || len(w.options.Addr) == 0 {
		return nil, ErrNoHTTP
	}
	asked := url.Values{"database": {w.options.Auth.Database}, "default_format": {format}}
	for name, value := range w.options.Settings {
		asked.Set(name, fmt.Sprint(value))
	}
	for name, value := range statementSettings {
		asked.Set(name, value)
	}
	for name, value := range parameters {
		asked.Set("param_"+name, value)
	}
	response, err := w.post(ctx, statement, asked)
	if err != nil {
		return nil, err
	}
	tag := response.Header.Get("X-ClickHouse-Exception-Tag")
	if tag == "" && response.Header.Get("Content-Length") == "" {
		// An older server cannot report that its answer broke off, so it must
		// complete the answer first.
		_ = response.Body.Close()
		asked.Set("wait_end_of_query", "1")
		if response, err = w.post(ctx, statement, asked); err != nil {
			return nil, err
		}
	}
	if got := response.Header.Get("X-ClickHouse-Format"); got != "" && got != format {
		_ = response.Body.Close()
		return nil, ErrOtherFormat
	}
	return &answer{body: response.Body, tag: tag}, nil
}

// post returns an answer of ClickHouse's own with status 200.
func (w *Warehouse) post(ctx context.Context, statement string, asked url.Values) (*http.Response, error) {
	o := w.options
	address := url.URL{Scheme: "http", Host: o.Addr[0], Path: o.HttpUrlPath, RawQuery: asked.Encode()}
	if o.TLS != nil {
		address.Scheme = "https"
	}
	if !strings.HasPrefix(address.Path, "/") {
		address.Path = "/" + address.Path
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address.String(), strings.NewReader(statement))
	if err != nil {
		return nil, withoutURLs(err)
	}
	request.SetBasicAuth(o.Auth.Username, o.Auth.Password)
	for name, value := range o.HttpHeaders {
		request.Header.Set(name, value)
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: o.TLS, DisableKeepAlives: true, DisableCompression: true}
	response, err := ofClickHouse{transport}.RoundTrip(request)
	if err != nil {
		return nil, withoutURLs(err)
	}
	if response.StatusCode == http.StatusOK {
		return response, nil
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, heldBytes))
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	if response.Header.Get("X-ClickHouse-Exception-Code") == "" {
		return nil, fmt.Errorf("%w: status %d", ErrAnswer, response.StatusCode)
	}
	return nil, statementError(string(text))
}

var (
	exceptionForm = regexp.MustCompile(`(?s)Code: (\d+)\. DB::Exception: (.*)`)
	versionForm   = regexp.MustCompile(`(?s)\s*\(version [^()]*(\([^()]*\))?\)\s*$`)
)

// statementError reads the text of an exception.
func statementError(text string) *StatementError {
	e := &StatementError{Message: strings.TrimSpace(text)}
	if match := exceptionForm.FindStringSubmatch(text); match != nil {
		e.Code, _ = strconv.Atoi(match[1]) // digits
		e.Message = strings.TrimSpace(versionForm.ReplaceAllString(match[2], ""))
	}
	return e
}

// heldBytes exceeds the exception that ClickHouse appends to a partial answer.
const heldBytes = 64 << 10

// answer reads a body and holds back the end, which may be an exception
// (https://clickhouse.com/docs/interfaces/http#http_response_codes_caveats).
type answer struct {
	body io.ReadCloser
	tag  string
	held []byte
	err  error // error of the body; io.EOF once it is read completely
}

func (a *answer) Read(p []byte) (int, error) {
	for a.err == nil && len(a.held) < heldBytes+len(p) {
		at := len(a.held)
		a.held = append(a.held, make([]byte, 32<<10)...)
		n, err := a.body.Read(a.held[at:])
		a.held, a.err = a.held[:at+n], err
	}
	free := len(a.held)
	if a.err == nil {
		free -= heldBytes
	} else if message, ok := a.exception(); ok { // the engine closes the connection after it
		a.held, a.err = nil, statementError(message)
		return 0, a.err
	} else if !errors.Is(a.err, io.EOF) {
		return 0, fmt.Errorf("%w: the answer was cut off: %w", ErrAnswer, withoutURLs(a.err))
	}
	n := copy(p, a.held[:free])
	a.held = a.held[:copy(a.held, a.held[n:])]
	if n == 0 && a.err != nil {
		return 0, a.err
	}
	return n, nil
}

// exception returns the text of the exception at the end of the held bytes.
func (a *answer) exception() (string, bool) {
	const mark = "__exception__\r\n"
	if a.tag == "" || !bytes.HasSuffix(a.held, []byte(a.tag+"\r\n"+mark)) {
		return "", false
	}
	begin := bytes.LastIndex(a.held[:len(a.held)-len(mark)], []byte(mark+a.tag+"\r\n"))
	if begin < 0 {
		return "", false
	}
	text := a.held[begin+len(mark)+len(a.tag)+2 : len(a.held)-len(mark)-len(a.tag)-2]
	if last := bytes.LastIndex(bytes.TrimRight(text, " \r\n"), []byte("\n")); last > 0 {
		text = text[:last] // the last line has the length of the message
	}
	return string(text), true
}

// Close discards the rest of the answer.
func (a *answer) Close() error { return a.body.Close() }
