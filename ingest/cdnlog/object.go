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
		return p.byNames(r, line)
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

// byNames reads an object with names chosen by an operator: variables of nginx
// and Apache, Fastly's examples and the like, in any case and with any marks
// between their words. It ignores request ids, since many servers copy the
// client's. A request within a wrapper, as containers' logs have it, is read,
// too.
func (p *Parser) byNames(r *Request, line string) error {
	var f namedFields
	if err := f.read(r, line); err != nil {
		return err
	}
	if f.request != "" && r.Target == "" {
		requestLine(r, f.request)
	}
	if r.Target == "" {
		r.Target = f.path
	}
	if f.query != "" && !strings.Contains(r.Target, "?") {
		r.Target += "?" + f.query
	}
	switch {
	case r.Target == "" && f.wrapped != "" && !p.nested:
		inner := *p
		inner.nested = true
		return inner.parse(r, strings.TrimRight(f.wrapped, "\r\n"))
	case r.Method == "" && !strings.Contains(f.request, " "):
		r.Method = f.request
	}
	if r.Method = strings.ToUpper(r.Method); r.Method == "" && r.Target != "" {
		r.Method = "GET" // nearly every request in a log without methods
	}
	return nil
}

// namedFields are the fields that are looked at once all are read.
type namedFields struct {
	request, path, query string
	wrapped              string // a line within the object
	best                 int    // length of the target
}

func (f *namedFields) read(r *Request, object string) error {
	o := jsonline.Open(object)
	for o.Next() {
		text := dash(value(&o))
		if text == "" {
			continue
		}
		switch fieldName(o.Key) {
		case "time", "timestamp", "timeiso8601", "timelocal", "msec", "datetime", "starttime", "requeststart", "timestart", "ts", "date", "startutc":
			if at := anyTime(text); !at.IsZero() && (r.At.IsZero() || at.Nanosecond() != 0) {
				r.At = at
			}
		case "remoteaddr", "clientip", "client", "ip", "remoteip", "remotehost", "cip", "clientaddr", "clienthost":
			if a := address(text); a.IsValid() {
				r.Address = a
			}
		case "requestmethod", "method", "reqmethod", "verb", "httpmethod":
			r.Method = text
		case "request", "requestline", "req":
			f.request = text
		case "requesturi", "url", "uri", "target", "requrl", "requesturl":
			if n := len(text); n > f.best { // prefer a field with the query over one without
				r.Target, f.best = text, n
			}
		case "path", "uripath", "requestpath", "urlpath":
			f.path = text
		case "args", "query", "querystring", "requestquery", "urlquery":
			f.query = strings.TrimPrefix(text, "?")
		case "httpuseragent", "useragent", "requestuseragent", "agent", "ua", "requseragent", "headeruseragent":
			r.UserAgent = text
		case "httpreferer", "httpreferrer", "referer", "referrer", "requestreferer", "reqreferer":
			r.Referer = text
		case "serverprotocol", "protocol", "requestprotocol", "proto", "httpversion", "reqprotocol":
			r.Protocol = protocol(text)
		case "geocountry", "country", "countrycode", "geocountrycode", "geoipcountrycode", "clientgeocountry", "clientcountry":
			r.Country = country(text)
		case "asn", "asnumber", "clientasnumber", "clientasn":
			r.ASNumber = asNumber(text)
		case "pop", "datacenter", "fastlypop", "serverdatacenter", "fastlyserver":
			r.POP = text
		case "httprequest": // of Google's load balancers
			if err := f.read(r, o.Value); err != nil {
				return err
			}
		case "log", "message":
			f.wrapped = text
		}
	}
	if o.Err() != nil {
		return ErrJSON
	}
	return nil
}

// fieldName returns the letters and digits of a field's name, in lower case.
func fieldName(key string) string {
	same := true
	for i := range len(key) {
		same = same && (key[i] >= 'a' && key[i] <= 'z' || key[i] >= '0' && key[i] <= '9')
	}
	if same {
		return key
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r | 0x20
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		}
		return -1
	}, key)
}
