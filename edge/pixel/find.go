package pixel

import (
	"glint/edge/event"
	"glint/edge/token"
)

// Found is the message that a request was for.
type Found struct {
	Kind    event.Kind // KindToken or KindUUID; "": no message was found
	Token   token.Token
	Message token.MessageID
	Plain   bool  // the name was the token or the UUID and nothing else
	Err     error // of package token, the reason why no token was found; nil if one was

	text [token.TextLen]byte // of a token that was not plain
}

// Find returns the message of a request. kind and name are as in its Answer;
// target is its path and query, or empty in lines of edges that did not record
// it, where the name is all there is. ring may be nil: then no token is found.
//
// A valid token counts whatever stands around it, in the path or in the query; a
// UUID, which nothing proves, only behind a folder /pixel/. The same function
// decides at the edge and in ingest, so that a line of an edge without keys, or
// of an older one, gives the same open.
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

// folder is the one of plain UUIDs.
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
		err = openErr // it speaks of the whole name
	}
	return Found{Err: err}
}

// name returns the text of the token or of the UUID, given the name in the URL.
func (f *Found) name(inURL string) string {
	switch {
	case f.Plain || f.Kind == "":
		return inURL
	case f.Kind == event.KindUUID:
		return f.Message.String()
	}
	return string(f.text[:])
}
