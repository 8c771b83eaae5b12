package pixel

import "glint/edge/event"

// recorded is a request header that the line has.
type recorded struct {
	name    string // as the line writes it
	header  string // in the canonical form of package textproto
	present bool   // only that the header was there is recorded: its text is the person's
}

// The headers worth recording. Those that say most in the fewest bytes come
// first, since a client that sends too much loses the last ones. Package
// classify interprets them; the platform adds Via and X-Forwarded-For only for a client
// that sent them.
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

// usualHeaders is above how many of the recorded headers a browser sends.
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
