package cdnlog

import (
	"strings"

	"glint/edge/event/jsonline"
)

// object reads a line that is a JSON object. Its keys determine the format.
func (p *Parser) object(r *Request, line string) error {
	o := jsonline.Open(line)
	form := Format("")
	for form == "" && o.Next() {
		switch {
		case roleOf(o.Key) > roleClock:
			form = CloudFront
		case strings.HasPrefix(o.Key, "ClientRequest"), o.Key == "RayID":
			form = Cloudflare
		case o.Key == "request" && strings.HasPrefix(o.Value, "{"):
			form = Caddy
		}
	}
	if o.Err() != nil {
		return ErrJSON
	}
	switch {
	case form == CloudFront && p.takes(CloudFront):
		return p.cloudFrontObject(r, line)
	case form == Cloudflare && p.takes(Cloudflare):
		return cloudflare(r, line)
	case form == Caddy && p.takes(Caddy):
		return caddy(r, line)
	case form == "" && p.takes(Fastly, Nginx, Apache, Caddy):
		r.Edge = p.server()
		return named(r, line)
	}
	return ErrForm
}

// cloudflare reads Logpush' dataset http_requests.
// https://developers.cloudflare.com/logs/logpush/logpush-job/datasets/zone/http_requests
func cloudflare(r *Request, line string) error {
	path := ""
	o := jsonline.Open(line)
	for o.Next() {
		text := value(&o)
		switch o.Key {
		case "ClientIP":
			r.Address = address(text)
		case "ClientRequestMethod":
			r.Method = text
		case "ClientRequestURI":
			r.Target = text
		case "ClientRequestPath":
			path = text
		case "ClientRequestUserAgent":
			r.UserAgent = text
		case "ClientRequestReferer":
			r.Referer = text
		case "ClientRequestProtocol":
			r.Protocol = protocol(text)
		case "ClientCountry":
			r.Country = country(text)
		case "ClientASN":
			r.ASNumber = asNumber(text)
		case "EdgeStartTimestamp":
			r.At = anyTime(text)
		case "EdgeColoCode":
			r.POP = text
		case "RayID":
			r.requestID = text
		}
	}
	if o.Err() != nil {
		return ErrJSON
	}
	if r.Target == "" {
		r.Target = path
	}
	r.Edge = Cloudflare
	return nil
}

// caddy reads an access log of Caddy, whose request is an object.
// https://caddyserver.com/docs/logging
func caddy(r *Request, line string) error {
	r.Edge = Caddy
	o := jsonline.Open(line)
	for o.Next() {
		switch o.Key {
		case "ts", "timestamp", "time":
			r.At = anyTime(value(&o))
		case "request":
			if err := caddyRequest(r, o.Value); err != nil {
				return err
			}
		}
	}
	if o.Err() != nil {
		return ErrJSON
	}
	return nil
}

func caddyRequest(r *Request, object string) error {
	o := jsonline.Open(object)
	for o.Next() {
		switch o.Key {
		case "client_ip": // behind proxies trusted by Caddy
			if a := address(value(&o)); a.IsValid() {
				r.Address = a
			}
		case "remote_ip", "remote_addr":
			if !r.Address.IsValid() {
				r.Address = address(value(&o))
			}
		case "method":
			r.Method = value(&o)
		case "uri":
			r.Target = value(&o)
		case "proto":
			r.Protocol = protocol(value(&o))
		case "headers":
			h := jsonline.Open(o.Value)
			for h.Next() {
				switch strings.ToLower(h.Key) {
				case "user-agent":
					r.UserAgent = firstOf(h.Value)
				case "referer":
					r.Referer = firstOf(h.Value)
				}
			}
		}
	}
	if o.Err() != nil {
		return ErrJSON
	}
	return nil
}

// firstOf returns the first text of a JSON array of texts, or the text itself.
func firstOf(array string) string {
	if text, ok := strings.CutPrefix(array, "["); ok {
		text = strings.TrimLeft(text, " \t")
		end := 1
		for end < len(text) && (text[end] != '"' || text[end-1] == '\\' && !evenBackslashes(text[:end])) {
			end++
		}
		array = text[:min(end+1, len(text))]
	}
	text, _ := jsonline.Unquote(array)
	return text
}

// evenBackslashes reports whether a text ends with an even number of
// backslashes.
func evenBackslashes(s string) bool {
	return (len(s)-len(strings.TrimRight(s, `\`)))%2 == 0
}

// value returns a value as text: numbers as written, null as "".
func value(o *jsonline.Object) string {
	if text, ok := o.Text(); ok {
		return text
	}
	if jsonline.Null(o.Value) {
		return ""
	}
	return o.Value
}

// named reads an object with names chosen by an operator: variables of nginx
// and Apache, Fastly's examples and the like, in any case and with - or _. It
// ignores request ids, since many servers copy the client's.
func named(r *Request, line string) error {
	var request, path, query string
	var best int
	o := jsonline.Open(line)
	for o.Next() {
		text := dash(value(&o))
		if text == "" {
			continue
		}
		switch name := strings.ReplaceAll(strings.ToLower(o.Key), "-", "_"); name {
		case "time", "timestamp", "@timestamp", "time_iso8601", "time_local", "msec", "datetime", "date_time", "start_time", "request_start",
			"time_start", "ts", "date":
			if at := anyTime(text); !at.IsZero() && (r.At.IsZero() || at.Nanosecond() != 0) {
				r.At = at
			}
		case "remote_addr", "client_ip", "clientip", "client", "ip", "remote_ip", "remote_host", "remoteip", "c_ip", "client_addr":
			if a := address(text); a.IsValid() {
				r.Address = a
			}
		case "request_method", "method", "req_method", "verb", "http_method":
			r.Method = text
		case "request", "request_line", "req":
			request = text
		case "request_uri", "url", "uri", "target", "req_url", "request_url":
			if n := len(text); n > best { // prefer a field with the query over one without
				r.Target, best = text, n
			}
		case "path", "uri_path", "request_path", "url_path":
			path = text
		case "args", "query", "query_string", "request_query", "url_query":
			query = strings.TrimPrefix(text, "?")
		case "http_user_agent", "user_agent", "useragent", "request_user_agent", "agent", "ua", "req_user_agent", "header_user_agent":
			r.UserAgent = text
		case "http_referer", "http_referrer", "referer", "referrer", "request_referer", "req_referer":
			r.Referer = text
		case "server_protocol", "protocol", "request_protocol", "proto", "http_version", "req_protocol":
			r.Protocol = protocol(text)
		case "geo_country", "country", "country_code", "geo_country_code", "geoip_country_code", "client_geo_country", "client_country":
			r.Country = country(text)
		case "asn", "as_number", "client_as_number", "client_asn":
			r.ASNumber = asNumber(text)
		case "pop", "datacenter", "fastly_pop", "server_datacenter", "fastly_server":
			r.POP = text
		}
	}
	if o.Err() != nil {
		return ErrJSON
	}
	if request != "" && r.Target == "" {
		requestLine(r, request)
	}
	if r.Target == "" {
		r.Target = path
	}
	if query != "" && !strings.Contains(r.Target, "?") {
		r.Target += "?" + query
	}
	return nil
}
