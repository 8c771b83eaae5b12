package event

import "glint/edge/event/jsonline"

// fieldNumber is a field of the line; they are in the order in which AppendJSON
// writes them, which Parse expects and does not ask for.
type fieldNumber int

const (
	fieldVersion fieldNumber = iota
	fieldID
	fieldOpenedAt
	fieldKind
	fieldToken
	fieldTokenStatus
	fieldMethod
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
	fieldEdge
	fieldPOP
	fieldServiceVersion
	fieldSandboxRequest

	fieldUnknown fieldNumber = -1
)

// fieldNames has the names as they are written.
var fieldNames = [...]string{
	fieldVersion:          `"v":`,
	fieldID:               `"event_id":`,
	fieldOpenedAt:         `"opened_at":`,
	fieldKind:             `"kind":`,
	fieldToken:            `"token":`,
	fieldTokenStatus:      `"token_status":`,
	fieldMethod:           `"method":`,
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
	fieldEdge:             `"edge":`,
	fieldPOP:              `"pop":`,
	fieldServiceVersion:   `"service_version":`,
	fieldSandboxRequest:   `"sandbox_request":`,
}

// maxMissing is how many fields that may be missing Parse tries before it looks
// at the name that is there: a mail client on a home network lacks six in a row.
const maxMissing = 8

// nextField goes to the next field of o, of which from is likely the first that
// can come. It returns false at the end.
func nextField(o *jsonline.Object, from fieldNumber) (fieldNumber, bool) {
	for n := from; n < min(from+maxMissing, fieldNumber(len(fieldNames))); n++ {
		if o.NextIs(fieldNames[n]) {
			return n, true
		}
	}
	if !o.Next() {
		return fieldUnknown, false
	}
	return fieldNamed(o.Key), true
}

func fieldNamed(key string) fieldNumber {
	for n, name := range fieldNames {
		if len(name) == len(key)+len(`"":`) && name[1:1+len(key)] == key {
			return fieldNumber(n)
		}
	}
	return fieldUnknown
}

// set takes the value of a known field and reports whether it has the right form.
func (e *Event) set(n fieldNumber, o *jsonline.Object) (ok bool) {
	switch n {
	case fieldToken:
		e.Token, ok = o.Text()
	case fieldMethod:
		e.Method, ok = o.Text()
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
	case fieldEdge:
		e.Edge, ok = o.Text()
	case fieldPOP:
		e.POP, ok = o.Text()
	case fieldServiceVersion:
		e.ServiceVersion, ok = o.Text()
	default:
		return e.setOther(n, o)
	}
	return ok
}

// setOther takes the fields that are not just a text.
func (e *Event) setOther(n fieldNumber, o *jsonline.Object) (ok bool) {
	var text string
	switch n {
	case fieldVersion:
		return setUint32(&e.Version, o.Value)
	case fieldASNumber:
		return setUint32(&e.ASNumber, o.Value)
	case fieldSandboxRequest:
		return setUint32(&e.SandboxRequest, o.Value)
	case fieldHeaders:
		return e.setHeaders(o.Value)
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
