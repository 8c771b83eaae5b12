package event

import (
	"encoding/hex"
	"strconv"
	"time"

	"glint/edge/event/jsonline"
)

// Limits of the fields, in bytes as written. Together with the field names they
// keep a line below MaxLineBytes; a test checks the sum.
const (
	maxUserAgent  = 900
	maxToken      = 192
	maxHost       = 253 // RFC 1035 §2.3.4
	maxPath       = 512
	maxHeaderName = 26
	maxHeader     = 80
	maxHeaders    = 1024 // all headers together, with their names
	maxText       = 48
	maxWord       = 24
	maxClass      = 16
)

// MaxHeaders is the largest number of headers in a line. Further headers are
// left out, and so is any header that would exceed maxHeaders bytes.
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

// Shorten removes headers from a page view or custom event until its line fits
// into MaxLineBytes: what the page reports is worth more than its headers.
func (e *Event) Shorten() {
	const others = 700 // approximate size of the fields that are always present
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

// appendTime appends utc in RFC 3339 with milliseconds, in a third of the time
// that package time needs. RFC 3339 has four-digit years; of a longer year,
// from a wrong clock, the last four digits are written.
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
