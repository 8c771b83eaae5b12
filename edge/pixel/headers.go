package pixel

import "glint/edge/event"

// recorded is a request header that lines record.
type recorded struct {
	name    string // as written in the line
	header  string // in the canonical form of package textproto
	present bool   // record only that the header was sent, as its text is personal
}

// The headers worth recording. The most informative per byte come first, since
// a client that sends too much loses the last ones. Package classify interprets
// them. The platform adds to Via and X-Forwarded-For only if the client sent
// them.
var recordedNames = [...]recorded{
	{"accept", "Accept", false},
	{"accept-encoding", "Accept-Encoding", false},
	{"accept-language", "Accept-Language", false},
	{"sec-fetch-dest", "Sec-Fetch-Dest", false},
	{"sec-fetch-mode", "Sec-Fetch-Mode", false},
	{"sec-fetch-site", "Sec-Fetch-Site", false},
	{"sec-fetch-user", "Sec-Fetch-User", false},
	{"sec-purpose", "Sec-Purpose", false},
	{"purpose", "Purpose", false},
	{"x-purpose", "X-Purpose", false},
	{"x-moz", "X-Moz", false},
	{"dnt", "Dnt", false},
	{"sec-gpc", "Sec-Gpc", false},
	{"via", "Via", false},
	{"x-forwarded-for", "X-Forwarded-For", true},
	{"forwarded", "Forwarded", true},
	{"cookie", "Cookie", true},
	{"authorization", "Authorization", true},
	{"from", "From", true},
	{"origin", "Origin", true},
	{"if-none-match", "If-None-Match", true},
	{"if-modified-since", "If-Modified-Since", true},
	{"range", "Range", false},
	{"cache-control", "Cache-Control", false},
	{"pragma", "Pragma", false},
	{"priority", "Priority", false},
	{"save-data", "Save-Data", false},
	{"upgrade-insecure-requests", "Upgrade-Insecure-Requests", false},
	{"x-requested-with", "X-Requested-With", false},
	{"sec-ch-ua", "Sec-Ch-Ua", false},
	{"sec-ch-ua-mobile", "Sec-Ch-Ua-Mobile", false},
	{"sec-ch-ua-platform", "Sec-Ch-Ua-Platform", false},
}

// usualHeaders is more than a browser sends of the recorded headers.
const usualHeaders = 16

func recordedHeaders(headers []event.Header, value func(name string) string) []event.Header {
	for i := range recordedNames {
		n := &recordedNames[i]
		v := value(n.header)
		if v == "" {
			continue
		}
		if n.present {
			v = ""
		}
		if cap(headers) == 0 {
			headers = make([]event.Header, 0, usualHeaders)
		}
		headers = append(headers, event.Header{Name: n.name, Value: v})
	}
	return headers
}
