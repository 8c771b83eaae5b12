package classify

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"glint/edge/classify"
	"glint/edge/event/jsonline"
	"glint/edge/event/rfc3339"
	"glint/edge/pixel"
	"glint/ingest/networks"
)

// input is one parsed line.
type input struct {
	request  classify.Request
	network  bool   // was given
	brands   string // header Sec-CH-UA
	address  netip.Addr
	sentAt   time.Time
	openedAt time.Time
}

// parse parses one line. It ignores unknown fields; null counts as missing.
func parse(line string, book *networks.Book) (in input, err error) {
	err = jsonline.Walk(line, func(key, value string) error {
		if jsonline.Null(value) || in.set(key, value) {
			return nil
		}
		return fmt.Errorf("field %s has the wrong form", key)
	})
	if errors.Is(err, jsonline.ErrSyntax) {
		return in, errors.New("the line is not a JSON object")
	}
	if err != nil {
		return in, err
	}
	in.complete(book)
	return in, nil
}

// complete adds facts that follow from others, and the defaults.
func (in *input) complete(book *networks.Book) {
	r := &in.request
	if r.Method == "" {
		r.Method = "GET"
	}
	r.Signals |= classify.Brands(r.UserAgent, in.brands)
	if !in.network {
		r.Network = book.Name(r.ProxyType, r.ProxyDescription, in.address)
	}
	if !in.sentAt.IsZero() && !in.openedAt.IsZero() {
		r.SentKnown, r.SinceSend = true, in.openedAt.Sub(in.sentAt)
	}
}

// set sets a field and reports whether its value has the right form.
func (in *input) set(key, value string) bool {
	switch key {
	case "as_number":
		return in.setASNumber(value)
	case "headers":
		return in.setHeaders(value)
	}
	text, isText := jsonline.Unquote(value)
	known, ok := in.setText(key, text)
	return !known || isText && ok
}

// setText sets a field whose value is text. It reports whether there is such a
// field, and whether the text has the right form.
func (in *input) setText(key, text string) (known, ok bool) {
	r := &in.request
	switch key {
	case "user_agent":
		r.UserAgent = text
	case "method":
		r.Method = text
	case "referer":
		r.RefererHost = pixel.RefererHost(text)
	case "proxy_type":
		r.ProxyType = text
	case "proxy_description":
		r.ProxyDescription = text
	case "protocol":
		r.Protocol = text
	case "ja4":
		r.JA4 = text
	case "bot_detection":
		r.BotDetection = text
	case "bot_name", "bot_category", "connection_type": // no rule asks for them yet
	case "network":
		r.Network, in.network = text, text != ""
	case "ip":
		return true, in.setAddress(text)
	case "sent_at":
		return true, setTime(&in.sentAt, text)
	case "opened_at":
		return true, setTime(&in.openedAt, text)
	default:
		return false, false
	}
	return true, true
}

func (in *input) setASNumber(text string) (ok bool) {
	n, ok := jsonline.Uint(text, 1<<32-1)
	in.request.ASNumber = uint32(n)
	return ok
}

func (in *input) setAddress(text string) (ok bool) {
	if text == "" {
		return true
	}
	a, err := netip.ParseAddr(strings.TrimSpace(text))
	in.address = a.Unmap()
	return err == nil
}

func setTime(t *time.Time, text string) bool {
	var err error
	*t, err = rfc3339.Parse(text)
	return err == nil
}

func (in *input) setHeaders(value string) bool {
	return jsonline.Walk(value, func(name, value string) error {
		if jsonline.Null(value) {
			return nil
		}
		v, ok := jsonline.Unquote(value)
		if !ok {
			return jsonline.ErrSyntax
		}
		in.setHeader(name, v)
		return nil
	}) == nil
}

func (in *input) setHeader(name, value string) {
	in.request.Headers |= classify.HeaderFact(name, value)
	in.request.Signals |= classify.Signal(name, value)
	if strings.EqualFold(name, "sec-ch-ua") {
		in.brands = value
	}
}
