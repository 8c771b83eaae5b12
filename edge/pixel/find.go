package pixel

import (
	"glint/edge/event"
	"glint/edge/token"
)

// Found is the message that a request names.
type Found struct {
	Kind    event.Kind // KindToken or KindUUID; "" if no message was found
	Token   token.Token
	Message token.MessageID
	Plain   bool  // the name is the token or the UUID and nothing else
	Err     error // error of package token if no token was found, else nil

	text [token.TextLen]byte // text of a token that is not plain
}

// Find returns the message that a request names. kind and name are as in its
// Answer. target is its path and query; it is empty in lines of edges that did
// not record it, where only the name is known. If ring is nil, no token is
// found.
//
// A valid token is found anywhere in the path or the query. A UUID is not
// signed, so it counts only after a folder /pixel/. Edge and ingest use this
// function, so that a line from an edge without keys, or from an older edge,
// gives the same open.
func Find(ring *token.Ring, kind event.Kind, name, target string) Found {
	if kind == event.KindUUID {
		return findUUID(ring, name, target)
	}
	f := findToken(ring, name, target)
	if f.Kind == "" {
		if id, ok := token.FindMessageID(target, folder); ok {
			return Found{Kind: event.KindUUID, Message: id}
		}
	}
	return f
}

// folder is the folder of plain UUIDs.
const folder = "pixel"

func findUUID(ring *token.Ring, name, target string) Found {
	if id, err := token.ParseMessageID(name); err == nil {
		return Found{Kind: event.KindUUID, Message: id, Plain: true}
	}
	id, ok := token.FindMessageID(target, folder)
	if target == "" {
		id, ok = token.FindMessageID(name, "")
	}
	if ok {
		return Found{Kind: event.KindUUID, Message: id}
	}
	return findToken(ring, name, target)
}

func findToken(ring *token.Ring, name, target string) Found {
	if ring == nil {
		return Found{Err: token.ErrUnknownKey}
	}
	t, openErr := ring.Open(name)
	if openErr == nil {
		return Found{Kind: event.KindToken, Token: t, Message: t.Message, Plain: true}
	}
	if target == "" {
		target = name
	}
	m, err := ring.Find(target)
	if err == nil {
		return Found{Kind: event.KindToken, Token: m.Token, Message: m.Message, text: m.Text}
	}
	if len(name) == token.TextLen {
		err = openErr // the error is about the whole name
	}
	return Found{Err: err}
}

// name returns the text of the token or UUID, which is inURL if that is plain.
func (f *Found) name(inURL string) string {
	switch {
	case f.Plain || f.Kind == "":
		return inURL
	case f.Kind == event.KindUUID:
		return f.Message.String()
	}
	return string(f.text[:])
}
