package main

import (
	"io"
	"strings"
	"unsafe"
)

// The platform's calls are made here and not through the SDK's Send: with its caching
// and goroutines that costs 27 kB of the compressed wasm, these calls a tenth of it.
// Their documentation: github.com/fastly/compute-sdk-go, internal/abi/fastly/http_guest.go.

//go:wasmimport fastly_http_req new
//go:noescape
func hostRequestNew(request unsafe.Pointer) uint32

//go:wasmimport fastly_http_req method_set
//go:noescape
func hostRequestMethod(request uint32, method unsafe.Pointer, methodLen uint32) uint32

//go:wasmimport fastly_http_req uri_set
//go:noescape
func hostRequestURI(request uint32, uri unsafe.Pointer, uriLen uint32) uint32

//go:wasmimport fastly_http_req header_insert
//go:noescape
func hostRequestHeader(request uint32, name unsafe.Pointer, nameLen uint32, value unsafe.Pointer, valueLen uint32) uint32

// hostSend waits for the head of the answer. It neither caches nor joins requests.
//
//go:wasmimport fastly_http_req send_v3
//go:noescape
func hostSend(request, body uint32, backend unsafe.Pointer, backendLen uint32, detail, response, responseBody unsafe.Pointer) uint32

//go:wasmimport fastly_http_body new
//go:noescape
func hostBodyNew(body unsafe.Pointer) uint32

//go:wasmimport fastly_http_body write
//go:noescape
func hostBodyWrite(body uint32, data unsafe.Pointer, dataLen, end uint32, written unsafe.Pointer) uint32

//go:wasmimport fastly_http_body read
//go:noescape
func hostBodyRead(body uint32, buf unsafe.Pointer, bufLen uint32, read unsafe.Pointer) uint32

//go:wasmimport fastly_http_body close
//go:noescape
func hostBodyClose(body uint32) uint32

//go:wasmimport fastly_http_resp status_get
//go:noescape
func hostStatus(response uint32, status unsafe.Pointer) uint32

//go:wasmimport fastly_http_resp header_names_get
//go:noescape
func hostHeaderNames(response uint32, buf unsafe.Pointer, bufLen, cursor uint32, next, written unsafe.Pointer) uint32

//go:wasmimport fastly_http_resp header_value_get
//go:noescape
func hostHeaderValue(response uint32, name unsafe.Pointer, nameLen uint32, value unsafe.Pointer, valueLen uint32, written unsafe.Pointer) uint32

//go:wasmimport fastly_http_resp close
//go:noescape
func hostResponseClose(response uint32) uint32

// sendDetail is why a request was not answered: the platform fills it in, or leaves 0.
type sendDetail struct {
	tag, mask                       uint32
	dnsErrorRcode, dnsErrorInfoCode uint16
	tlsAlertID, h2ErrorFrame        uint8
	h2ErrorCode                     uint32
}

// The tags that are a matter of time.
const (
	dnsTimeout      = 2
	connectTimeout  = 9
	responseTimeout = 16
)

// statusInvalid is the platform's answer to a name that is no backend's.
const statusInvalid = 2

// backendBuffer holds a header, or the names of all, or a part of the body.
var backendBuffer [8192]byte

func text(s string) (unsafe.Pointer, uint32) {
	return unsafe.Pointer(unsafe.StringData(s)), uint32(len(s))
}

// askBackend asks a backend and returns its answer: errNoBackend, errTimeout or
// errBackend without an answer.
func askBackend(backend string, p *pageRequest) (*pageReply, error) {
	request, body, err := newRequest(p, backend)
	if err != nil {
		return nil, err
	}
	var detail sendDetail
	var response, responseBody uint32
	name, nameLen := text(backend)
	if status := hostSend(request, body, name, nameLen, unsafe.Pointer(&detail), unsafe.Pointer(&response), unsafe.Pointer(&responseBody)); status != 0 {
		switch {
		case detail.tag == dnsTimeout, detail.tag == connectTimeout, detail.tag == responseTimeout:
			return nil, errTimeout
		case status == statusInvalid:
			return nil, errNoBackend
		}
		return nil, errBackend
	}
	var status uint16
	if hostStatus(response, unsafe.Pointer(&status)) != 0 {
		return nil, errBackend
	}
	reply := &pageReply{status: int(status), headers: headersOf(response), body: hostBody(responseBody)}
	_ = hostResponseClose(response) // all of it was read
	return reply, nil
}

// newRequest returns the platform's handles of a request and its body. The URI
// has no host: the backend has its own.
func newRequest(p *pageRequest, host string) (request, body uint32, err error) {
	failed := hostRequestNew(unsafe.Pointer(&request)) | hostBodyNew(unsafe.Pointer(&body))
	method, methodLen := text(p.method)
	uri, uriLen := text("https://" + host + p.target)
	failed |= hostRequestMethod(request, method, methodLen) | hostRequestURI(request, uri, uriLen)
	for _, h := range []header{{"Content-Type", p.contentType}, {"Accept-Language", p.language}} {
		if h.value == "" {
			continue
		}
		name, nameLen := text(h.name)
		value, valueLen := text(h.value)
		failed |= hostRequestHeader(request, name, nameLen, value, valueLen)
	}
	for rest := p.form; len(rest) > 0 && failed == 0; {
		var n uint32
		failed = hostBodyWrite(body, unsafe.Pointer(&rest[0]), uint32(len(rest)), 0, unsafe.Pointer(&n))
		rest = rest[n:]
	}
	if failed != 0 {
		return 0, 0, errBackend
	}
	return request, body, nil
}

// headersOf returns the headers of an answer, with the first value of each; headers of
// the connection to the backend are left out.
func headersOf(response uint32) (headers []header) {
	var next int64
	var n uint32
	buf, bufLen := unsafe.Pointer(&backendBuffer), uint32(len(backendBuffer))
	if hostHeaderNames(response, buf, bufLen, 0, unsafe.Pointer(&next), unsafe.Pointer(&n)) != 0 {
		return nil
	}
	for name := range strings.SplitSeq(string(backendBuffer[:n]), "\x00") {
		switch name {
		case "", "connection", "keep-alive", "transfer-encoding":
			continue
		}
		at, nameLen := text(name)
		if hostHeaderValue(response, at, nameLen, buf, bufLen, unsafe.Pointer(&n)) == 0 {
			headers = append(headers, header{name, string(backendBuffer[:n])})
		}
	}
	return headers
}

// hostBody is a body of the platform. It closes itself at its end.
type hostBody uint32

// Read implements io.Reader.
func (b hostBody) Read(p []byte) (int, error) {
	var n uint32
	if len(p) == 0 {
		return 0, nil
	}
	if hostBodyRead(uint32(b), unsafe.Pointer(&p[0]), uint32(len(p)), unsafe.Pointer(&n)) != 0 {
		return 0, errBackend
	}
	if n == 0 {
		_ = hostBodyClose(uint32(b)) // nothing is left in it
		return 0, io.EOF
	}
	return int(n), nil
}
