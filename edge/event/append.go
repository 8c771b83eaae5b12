package event

import (
	"strconv"
	"time"

	"glint/edge/event/jsonline"
)

// The caps of the fields in bytes as written. With the names and the other
// fields they stay below MaxLineBytes; a test holds that.
const (
	maxUserAgent = 1000
	maxToken     = 192
	maxHost      = 253 // RFC 1035 §2.3.4
	maxHeader    = 120
	maxShort     = 48
	maxHeaders   = 12
)

const timeFormat = "2006-01-02T15:04:05.000Z"

// AppendJSON appends the line of e, without a line feed, to dst. Zero fields
// are left out; Extra is not written.
func (e *Event) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"v":`...)
	dst = strconv.AppendUint(dst, uint64(e.Version), 10)
	dst = append(dst, `,"event_id":"`...)
	for _, b := range e.ID {
		dst = append(dst, "0123456789abcdef"[b>>4], "0123456789abcdef"[b&15])
	}
	dst = append(dst, `","opened_at":"`...)
	dst = e.OpenedAt.UTC().Truncate(time.Millisecond).AppendFormat(dst, timeFormat)
	dst = append(dst, '"')
	dst = field(dst, "kind", string(e.Kind), maxShort)
	dst = field(dst, "token", e.Token, maxToken)
	dst = field(dst, "token_status", string(e.TokenStatus), maxShort)
	dst = field(dst, "method", e.Method, maxShort)
	dst = field(dst, "user_agent", e.UserAgent, maxUserAgent)
	dst = field(dst, "referer_host", e.RefererHost, maxHost)
	dst = field(dst, "ip", e.IP, maxShort)
	dst = field(dst, "network", e.Network, maxShort)
	dst = number(dst, "as_number", e.ASNumber)
	dst = field(dst, "country", e.Country, maxShort)
	dst = field(dst, "region", e.Region, maxShort)
	dst = field(dst, "connection_type", e.ConnectionType, maxShort)
	dst = field(dst, "proxy_type", e.ProxyType, maxShort)
	dst = field(dst, "proxy_description", e.ProxyDescription, maxShort)
	dst = e.appendHeaders(dst)
	dst = field(dst, "edge", e.Edge, maxShort)
	dst = field(dst, "pop", e.POP, maxShort)
	dst = field(dst, "service_version", e.ServiceVersion, maxShort)
	dst = number(dst, "sandbox_request", e.SandboxRequest)
	return append(dst, '}')
}

func (e *Event) appendHeaders(dst []byte) []byte {
	if len(e.Headers) == 0 {
		return dst
	}
	dst = append(dst, `,"headers":{`...)
	for i, h := range e.Headers {
		if i == maxHeaders {
			break
		}
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = jsonline.AppendString(dst, h.Name, maxShort)
		dst = append(dst, ':')
		dst = jsonline.AppendString(dst, h.Value, maxHeader)
	}
	return append(dst, '}')
}

func field(dst []byte, name, value string, maxBytes int) []byte {
	if value == "" {
		return dst
	}
	dst = append(dst, ',', '"')
	dst = append(dst, name...)
	dst = append(dst, '"', ':')
	return jsonline.AppendString(dst, value, maxBytes)
}

func number(dst []byte, name string, value uint32) []byte {
	if value == 0 {
		return dst
	}
	dst = append(dst, ',', '"')
	dst = append(dst, name...)
	dst = append(dst, '"', ':')
	return strconv.AppendUint(dst, uint64(value), 10)
}
