package jsonline

import "strings"

// Object iterates over the fields of one object. It is Walk without a callback:
//
//	o := jsonline.Open(s)
//	for o.Next() {
//		// o.Key, o.Value
//	}
//	err := o.Err()
type Object struct {
	Key   string // name of the field that Next found, unquoted
	Value string // its value as written

	s     string
	at    int // index after the part that was read
	state uint8
	plain bool // Value is a string without escapes
}

// The states of an Object.
const (
	isNew uint8 = iota
	inFields
	hasEnded
	hasFailed
)

// Open returns the object in s, before its first field.
func Open(s string) Object { return Object{s: s} }

// Err returns ErrSyntax if iteration ended because s is not exactly one object.
// Before the end it returns nil.
func (o *Object) Err() error {
	if o.state == hasFailed {
		return ErrSyntax
	}
	return nil
}

// Next moves to the next field and reports whether there is one. A repeated key
// is returned each time.
func (o *Object) Next() bool {
	if o.state >= hasEnded {
		return false
	}
	i := space(o.s, o.at)
	if i == len(o.s) {
		return o.stop(hasFailed)
	}
	switch c := o.s[i]; {
	case o.state == inFields && c == ',':
		i = space(o.s, i+1)
	case o.state == inFields && c == '}':
		return o.end(i + 1)
	case o.state == isNew && c == '{':
		if i = space(o.s, i+1); i < len(o.s) && o.s[i] == '}' {
			return o.end(i + 1)
		}
		o.state = inFields
	default:
		return o.stop(hasFailed)
	}
	return o.field(i)
}

// NextIs moves to the next field if it begins with name, a plain key with its
// quotes and colon, such as `"pop":`. It is a fast Next for a caller that
// expects a certain field. It returns false on white space, as it does on
// invalid input.
func (o *Object) NextIs(name string) bool {
	at := o.at + 1
	if at > len(o.s) || !strings.HasPrefix(o.s[at:], name) {
		return false
	}
	if c := o.s[o.at]; c == ',' && o.state == inFields || c == '{' && o.state == isNew {
		o.state = inFields
		o.Key = name[1 : len(name)-2]
		return o.value(at + len(name))
	}
	return false
}

// field reads the key at i and its value.
func (o *Object) field(i int) bool {
	s := o.s
	next := skipString(s, i)
	if next < 0 {
		return o.stop(hasFailed)
	}
	o.Key, _ = Unquote(s[i:next])
	if i = space(s, next); i == len(s) || s[i] != ':' {
		return o.stop(hasFailed)
	}
	return o.value(i + 1)
}

// value reads the value that begins at i, or after white space.
func (o *Object) value(i int) bool {
	s := o.s
	if i < len(s) && s[i] == '"' {
		if next := skipPlain(s, i+1); next < len(s) && s[next] == '"' { // nearly always
			o.Value, o.plain, o.at = s[i:next+1], true, next+1
			return true
		}
	}
	i = space(s, i)
	next := skipValue(s, i, 1)
	if next < 0 {
		return o.stop(hasFailed)
	}
	o.Value, o.plain, o.at = s[i:next], false, next
	return true
}

func (o *Object) end(i int) bool {
	if space(o.s, i) != len(o.s) {
		return o.stop(hasFailed)
	}
	return o.stop(hasEnded)
}

func (o *Object) stop(state uint8) bool {
	o.state = state
	return false
}

// Text returns the text of the field's value and whether that is a string, as
// Unquote does.
func (o *Object) Text() (string, bool) {
	if o.plain {
		return o.Value[1 : len(o.Value)-1], true
	}
	return Unquote(o.Value)
}
