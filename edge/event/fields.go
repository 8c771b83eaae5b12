package event

import "glint/edge/event/jsonline"

// fieldNumber identifies a field of the line. The numbers follow the order in
// which AppendJSON writes the fields. Parse tries that order first but does not
// require it.
type fieldNumber int

const (
	fieldVersion fieldNumber = iota
	fieldID
	fieldOpenedAt
	fieldKind
	fieldToken
	fieldTokenStatus
	fieldPath
	fieldMethod
	fieldProtocol
	fieldUserAgent
	fieldRefererHost
	fieldIP
	fieldNetwork
	fieldNetworkListDate
	fieldASNumber
	fieldCountry
	fieldRegion
	fieldConnectionType
	fieldProxyType
	fieldProxyDescription
	fieldBotDetection
	fieldBotName
	fieldBotCategory
	fieldHeaders
	fieldJA4
	fieldEdge
	fieldPOP
	fieldServiceVersion
	fieldSandboxRequest
	fieldClass
	fieldReason
	fieldRulesetVersion
	fieldWeb

	fieldUnknown fieldNumber = -1
)

// fieldNames are the field names as written.
var fieldNames = [...]string{
	fieldVersion:          `"v":`,
	fieldID:               `"event_id":`,
	fieldOpenedAt:         `"opened_at":`,
	fieldKind:             `"kind":`,
	fieldToken:            `"token":`,
	fieldTokenStatus:      `"token_status":`,
	fieldPath:             `"path":`,
	fieldMethod:           `"method":`,
	fieldProtocol:         `"protocol":`,
	fieldUserAgent:        `"user_agent":`,
	fieldRefererHost:      `"referer_host":`,
	fieldIP:               `"ip":`,
	fieldNetwork:          `"network":`,
	fieldNetworkListDate:  `"network_list_date":`,
	fieldASNumber:         `"as_number":`,
	fieldCountry:          `"country":`,
	fieldRegion:           `"region":`,
	fieldConnectionType:   `"connection_type":`,
	fieldProxyType:        `"proxy_type":`,
	fieldProxyDescription: `"proxy_description":`,
	fieldBotDetection:     `"bot_detection":`,
	fieldBotName:          `"bot_name":`,
	fieldBotCategory:      `"bot_category":`,
	fieldHeaders:          `"headers":`,
	fieldJA4:              `"ja4":`,
	fieldEdge:             `"edge":`,
	fieldPOP:              `"pop":`,
	fieldServiceVersion:   `"service_version":`,
	fieldSandboxRequest:   `"sandbox_request":`,
	fieldClass:            `"class":`,
	fieldReason:           `"reason":`,
	fieldRulesetVersion:   `"ruleset_version":`,
	fieldWeb:              `"web":`,
}

const (
	// maxMissing is the number of expected names that are tried, as optional fields may
	// be missing, before the name in the line is read. On home connections five
	// fields after connection_type are missing.
	maxMissing = 8
	// maxWrong is the number of such failures that mark a line as written in another
	// order or with white space; from then on every name is read.
	maxWrong = 3
)

// reader iterates over the fields of a line.
type reader struct {
	jsonline.Object
	expected fieldNumber // the field that probably comes next
	wrong    int         // number of wrong guesses
}

// next moves to the next field. It returns false at the end.
func (r *reader) next() (fieldNumber, bool) {
	if r.wrong < maxWrong {
		for n := r.expected; n < min(r.expected+maxMissing, fieldNumber(len(fieldNames))); n++ {
			if r.NextIs(fieldNames[n]) {
				r.expected = n + 1
				return n, true
			}
		}
		r.wrong++
	}
	if !r.Next() {
		return fieldUnknown, false
	}
	n := fieldNamed(r.Key, r.expected)
	if n != fieldUnknown {
		r.expected = n + 1
	}
	return n, true
}

// fieldNamed searches from the given field to the last one, then the fields
// before it.
func fieldNamed(key string, from fieldNumber) fieldNumber {
	for n := from; n < fieldNumber(len(fieldNames)); n++ {
		if isNamed(n, key) {
			return n
		}
	}
	for n := range from {
		if isNamed(n, key) {
			return n
		}
	}
	return fieldUnknown
}

func isNamed(n fieldNumber, key string) bool {
	name := fieldNames[n]
	return len(name) == len(key)+len(`"":`) && name[1:1+len(key)] == key
}

// set stores the value of a known field and reports whether it has the right
// form.
func (e *Event) set(n fieldNumber, o *jsonline.Object) (ok bool) {
	switch n {
	case fieldToken:
		e.Token, ok = o.Text()
	case fieldPath:
		e.Path, ok = o.Text()
	case fieldMethod:
		e.Method, ok = o.Text()
	case fieldProtocol:
		e.Protocol, ok = o.Text()
	case fieldUserAgent:
		e.UserAgent, ok = o.Text()
	case fieldRefererHost:
		e.RefererHost, ok = o.Text()
	case fieldIP:
		e.IP, ok = o.Text()
	case fieldNetwork:
		e.Network, ok = o.Text()
	case fieldCountry:
		e.Country, ok = o.Text()
	case fieldRegion:
		e.Region, ok = o.Text()
	case fieldConnectionType:
		e.ConnectionType, ok = o.Text()
	case fieldProxyType:
		e.ProxyType, ok = o.Text()
	case fieldProxyDescription:
		e.ProxyDescription, ok = o.Text()
	case fieldBotName:
		e.BotName, ok = o.Text()
	case fieldBotCategory:
		e.BotCategory, ok = o.Text()
	case fieldJA4:
		e.JA4, ok = o.Text()
	case fieldEdge:
		e.Edge, ok = o.Text()
	case fieldPOP:
		e.POP, ok = o.Text()
	case fieldServiceVersion:
		e.ServiceVersion, ok = o.Text()
	case fieldClass:
		e.Class, ok = o.Text()
	case fieldReason:
		e.Reason, ok = o.Text()
	default:
		return e.setOther(n, o)
	}
	return ok
}

// setOther stores the fields that are not plain text.
func (e *Event) setOther(n fieldNumber, o *jsonline.Object) (ok bool) {
	var text string
	switch n {
	case fieldVersion:
		return setUint32(&e.Version, o.Value)
	case fieldASNumber:
		return setUint32(&e.ASNumber, o.Value)
	case fieldSandboxRequest:
		return setUint32(&e.SandboxRequest, o.Value)
	case fieldRulesetVersion:
		return setUint32(&e.RulesetVersion, o.Value)
	case fieldHeaders:
		return e.setHeaders(o.Value)
	case fieldWeb:
		e.Web = o.Value
		return o.Value[0] == '{'
	}
	if text, ok = o.Text(); !ok {
		return false
	}
	switch n {
	case fieldID:
		return e.ID.set(text)
	case fieldOpenedAt:
		e.OpenedAt, ok = parseTime(text)
	case fieldNetworkListDate:
		e.NetworkListDate, ok = parseDate(text)
	case fieldKind:
		e.Kind = Kind(text)
	case fieldTokenStatus:
		e.TokenStatus = TokenStatus(text)
	case fieldBotDetection:
		e.BotDetection = BotDetection(text)
	}
	return ok
}
