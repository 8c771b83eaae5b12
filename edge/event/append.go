package event

import (
	"encoding/hex"
	"strconv"
	"time"

	"glint/edge/event/jsonline"
)

// The caps of the fields in bytes as written. With the names and the other
// fields they stay below MaxLineBytes; a test holds that.
const (
	maxUserAgent  = 900
	maxToken      = 192
	maxHost       = 253 // RFC 1035 §2.3.4
	maxPath       = 512
	maxHeaderName = 26
	maxHeader     = 80
	maxHeaders    = 1024 // of all of them, with their names
	maxText       = 48
	maxWord       = 24
	maxClass      = 16
)

// MaxHeaders bounds how many headers a line has. The rest is left out, and so is
// what does not fit into the bytes of all headers.
const MaxHeaders = 32

const dateFormat = "2006-01-02" // RFC 3339's full-date

// AppendJSON appends the line of e, without a line feed, to dst. Zero fields
// are left out; Extra is not written.
func (e *Event) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"v":`...)
	dst = strconv.AppendUint(dst, uint64(e.Version), 10)
	dst = append(dst, `,"event_id":"`...)
	dst = hex.AppendEncode(dst, e.ID[:])
	dst = append(dst, `","opened_at":"`...)
	dst = appendTime(dst, e.OpenedAt.UTC())
	dst = append(dst, '"')
	dst = field(dst, "kind", string(e.Kind), maxWord)
	dst = field(dst, "token", e.Token, maxToken)
	dst = field(dst, "token_status", string(e.TokenStatus), maxWord)
	dst = field(dst, "path", e.Path, maxPath)
	dst = field(dst, "method", e.Method, maxWord)
	dst = field(dst, "protocol", e.Protocol, maxWord)
	dst = field(dst, "user_agent", e.UserAgent, maxUserAgent)
	dst = field(dst, "referer_host", e.RefererHost, maxHost)
	dst = field(dst, "ip", e.IP, maxText)
	dst = field(dst, "network", e.Network, maxText)
	dst = date(dst, "network_list_date", e.NetworkListDate)
	dst = number(dst, "as_number", e.ASNumber)
	dst = field(dst, "country", e.Country, maxWord)
	dst = field(dst, "region", e.Region, maxWord)
	dst = field(dst, "connection_type", e.ConnectionType, maxText)
	dst = field(dst, "proxy_type", e.ProxyType, maxText)
	dst = field(dst, "proxy_description", e.ProxyDescription, maxText)
	dst = field(dst, "bot_detection", string(e.BotDetection), maxWord)
	dst = field(dst, "bot_name", e.BotName, maxText)
	dst = field(dst, "bot_category", e.BotCategory, maxText)
	dst = e.appendHeaders(dst)
	dst = field(dst, "ja4", e.JA4, maxText)
	dst = field(dst, "edge", e.Edge, maxWord)
	dst = field(dst, "pop", e.POP, maxWord)
	dst = field(dst, "service_version", e.ServiceVersion, maxWord)
	dst = number(dst, "sandbox_request", e.SandboxRequest)
	dst = field(dst, "class", e.Class, maxClass)
	dst = field(dst, "reason", e.Reason, maxWord)
	dst = number(dst, "ruleset_version", e.RulesetVersion)
	if e.Web != "" {
		dst = append(append(dst, `,"web":`...), e.Web...)
	}
	return append(dst, '}')
}

// Shorten leaves out the headers of a view or an event whose line could have more
// than MaxLineBytes: what the page says goes before.
func (e *Event) Shorten() {
	const others = 700 // of the fields that are always there, about
	if len(e.Web)+min(6*len(e.UserAgent), maxUserAgent)+maxHeaders+others > MaxLineBytes {
		e.Headers = nil
	}
}

func (e *Event) appendHeaders(dst []byte) []byte {
	if len(e.Headers) == 0 {
		return dst
	}
	dst = append(dst, `,"headers":{`...)
	first := len(dst)
	for i, h := range e.Headers {
		if i == MaxHeaders {
			break
		}
		before := len(dst)
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = jsonline.AppendString(dst, h.Name, maxHeaderName)
		dst = append(dst, ':')
		dst = jsonline.AppendString(dst, h.Value, maxHeader)
		if len(dst)-first > maxHeaders {
			dst = dst[:before]
			break
		}
	}
	return append(dst, '}')
}

// appendTime appends a time in RFC 3339 with milliseconds, which package time needs
// a layout and three times as long for. The years are those of four digits, as the
// RFC wants; of a clock that shows another one the last four are written.
func appendTime(dst []byte, utc time.Time) []byte {
	year, month, day := utc.Date()
	hour, minute, second := utc.Clock()
	year = (year%10_000 + 10_000) % 10_000
	dst = append(twoDigits(twoDigits(dst, year/100), year%100), '-')
	dst = append(twoDigits(dst, int(month)), '-')
	dst = append(twoDigits(dst, day), 'T')
	dst = append(twoDigits(dst, hour), ':')
	dst = append(twoDigits(dst, minute), ':')
	dst = append(twoDigits(dst, second), '.')
	milliseconds := utc.Nanosecond() / 1_000_000
	dst = append(dst, byte('0'+milliseconds/100))
	return append(twoDigits(dst, milliseconds%100), 'Z')
}

func twoDigits(dst []byte, n int) []byte {
	return append(dst, byte('0'+n/10), byte('0'+n%10))
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

func date(dst []byte, name string, day time.Time) []byte {
	if day.IsZero() {
		return dst
	}
	dst = append(dst, ',', '"')
	dst = append(dst, name...)
	dst = append(dst, '"', ':', '"')
	return append(day.UTC().AppendFormat(dst, dateFormat), '"')
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
