package token

import (
	"errors"
	"strings"
	"testing"
)

var hexSecret = strings.Repeat("0f", SecretLen)

func TestRingTextIsReadAsWritten(t *testing.T) {
	text := "3:signing:" + hexSecret + "\n1:verifying:" + hexSecret + "\n0:revoked:" + hexSecret + "\n"
	r, err := ParseRing(text)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Text(); got != text {
		t.Errorf("got %q", got)
	}
	loose := "# keys of the newsletter\r\n\n  3:signing:" + strings.ToUpper(hexSecret) + "\t\r\n1:verifying:" + hexSecret + "\n0:revoked:" + hexSecret
	r, err = ParseRing(loose)
	if err != nil || r.Text() != text {
		t.Errorf("with comments, spaces and upper case: %v", err)
	}
}

func TestFaultyRingsAreRefused(t *testing.T) {
	good := "1:signing:" + hexSecret + "\n"
	for _, c := range []struct{ name, text, want string }{
		{"no colon", "1", "token: key ring: want id:state:secret with an id from 0 to 255 (line 1)"},
		{"one colon", "1:signing", "token: key ring: want id:state:secret with an id from 0 to 255 (line 1)"},
		{"no id", ":signing:" + hexSecret, "token: key ring: want id:state:secret with an id from 0 to 255 (line 1)"},
		{"id 256", "256:signing:" + hexSecret, "token: key ring: want id:state:secret with an id from 0 to 255 (line 1)"},
		{"id -1", "-1:signing:" + hexSecret, "token: key ring: want id:state:secret with an id from 0 to 255 (line 1)"},
		{"unknown state", "1:retired:" + hexSecret, "token: key ring: the state is not one of signing, verifying, revoked (line 1)"},
		{"short secret", "1:signing:0f", "token: key ring: the secret is not 64 hex digits (line 1)"},
		{"long secret", "1:signing:" + hexSecret + "00", "token: key ring: the secret is not 64 hex digits (line 1)"},
		{"secret that is not hex", "1:signing:" + strings.Repeat("zz", SecretLen), "token: key ring: the secret is not 64 hex digits (line 1)"},
		{"a fourth part", "1:signing:" + hexSecret + ":x", "token: key ring: the secret is not 64 hex digits (line 1)"},
		{"an id twice", good + "\n1:revoked:" + hexSecret, "token: key ring: two keys have the id 1 (line 3)"},
		{"two that sign", good + "2:signing:" + hexSecret, "token: key ring: two keys are signing; retire one (line 2)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := ParseRing(c.text)
			if r != nil || !errors.Is(err, ErrRing) || err.Error() != c.want {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestErrorsOfARingNeverShowASecret(t *testing.T) {
	const part = "c0ffee"
	for _, text := range []string{"1:signing:" + part, "1:" + part + ":x", part} {
		if _, err := ParseRing(text); err == nil || strings.Contains(err.Error(), part) {
			t.Errorf("got %v", err)
		}
	}
}

func TestNewRingRefusesWhatParseRingRefuses(t *testing.T) {
	for _, keys := range [][]Key{{{ID: 1}, {ID: 1, State: Revoked}}, {{ID: 1}, {ID: 2}}} {
		if _, err := NewRing(keys...); !errors.Is(err, ErrRing) {
			t.Errorf("got %v", err)
		}
	}
}

func TestStatesDecideWhatAKeyMayDo(t *testing.T) {
	for _, c := range []struct {
		state      State
		name       string
		sign, open error
	}{
		{Signing, "signing", nil, nil},
		{Verifying, "verifying", ErrNoKey, nil},
		{Revoked, "revoked", ErrNoKey, ErrRevokedKey},
	} {
		t.Run(c.name, func(t *testing.T) {
			key := Key{ID: 5, State: c.state, Secret: secret(5)}
			r := newTestRing(t, key)
			if _, err := r.Sign(Token{}); !errors.Is(err, c.sign) {
				t.Errorf("sign: %v, want %v", err, c.sign)
			}
			if _, err := r.Open(reference(key, Token{})); !errors.Is(err, c.open) {
				t.Errorf("open: %v, want %v", err, c.open)
			}
			if c.state.String() != c.name {
				t.Errorf("reads %s", c.state)
			}
		})
	}
	if got := State(9).String(); got != "State(9)" {
		t.Errorf("got %s", got)
	}
}

func TestEmptyRingSignsAndOpensNothing(t *testing.T) {
	r, err := ParseRing("\n# nothing\n")
	if err != nil {
		t.Fatal(err)
	}
	if b, err := r.AppendSigned([]byte("before"), Token{}); !errors.Is(err, ErrNoKey) || string(b) != "before" {
		t.Errorf("signed %s, %v", b, err)
	}
	if _, err := r.Open(vectors[1].text); !errors.Is(err, ErrUnknownKey) {
		t.Errorf("opened: %v", err)
	}
}

func TestKeysAreACopy(t *testing.T) {
	r := newTestRing(t, Key{ID: 1, Secret: secret(1)})
	r.Keys()[0].State = Revoked
	if _, err := r.Sign(Token{}); err != nil {
		t.Errorf("the ring has changed: %v", err)
	}
}
