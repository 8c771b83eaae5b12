package jsonline

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// appended returns the string that encoding/json reads from AppendString's
// result.
func appended(t *testing.T, s string, maxBytes int) (text, read string) {
	t.Helper()
	b := AppendString([]byte("x"), s, maxBytes)
	if b[0] != 'x' {
		t.Fatalf("the buffer's own bytes are gone: %s", b)
	}
	if err := json.Unmarshal(b[1:], &read); err != nil {
		t.Fatalf("%s: %v", b[1:], err)
	}
	return string(b[1:]), read
}

func TestAppendedStringReadsTheSameInEncodingJSON(t *testing.T) {
	for _, s := range []string{
		"", "plain", `quote " backslash \ slash /`, "\b\f\n\r\t\x00\x1f\x7f", "ä€\U0001f4ec", "\xff", "\xc3", "a\xe2\x82z",
		"\xed\xa0\x80", "\ufffd", "</script>&\u2028\u2029", strings.Repeat("long ", 1000),
	} {
		if _, got := appended(t, s, 1<<20); got != string([]rune(s)) {
			t.Errorf("%q reads %q", s, got)
		}
	}
}

func TestAppendStringCutsAtWholeCharacters(t *testing.T) {
	for _, c := range []struct {
		name, in, want string
		maxBytes       int
	}{
		{"fits exactly", "abcd", `"abcd"`, 4},
		{"one too many", "abcde", `"abcd"`, 4},
		{"no room", "a", `""`, 0},
		{"a character of three bytes", "ab€", `"ab"`, 4},
		{"an escape of two bytes", `abc"`, `"abc"`, 4},
		{"an escape of six bytes", "abc\x01", `"abc"`, 8},
		{"a wrong byte takes three", "\xff\xff", `"` + "\ufffd" + `"`, 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, _ := appended(t, c.in, c.maxBytes); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

type field struct{ Key, Value string }

func walk(s string) (fields []field, err error) {
	err = Walk(s, func(key, value string) error {
		fields = append(fields, field{key, value})
		return nil
	})
	return fields, err
}

// guess walks s with an Object whose caller tries expected names first.
func guess(s string) (fields []field, err error) {
	o := Open(s)
	for o.NextIs(`"a":`) || o.NextIs(`"b":`) || o.Next() {
		fields = append(fields, field{o.Key, o.Value})
		text, ok := o.Text()
		if want, wantOK := Unquote(o.Value); text != want || ok != wantOK {
			return nil, errors.New("Text and Unquote differ: " + text)
		}
	}
	if o.Next() || o.NextIs(`"a":`) {
		return nil, errors.New("there is a field after the last")
	}
	return fields, o.Err()
}

func TestWalkVisitsEachField(t *testing.T) {
	got, err := walk("{ \"a\" : 1 ,\r\n\t\"b\":{\"c\":[1, 2]},\"\\u0062\":\"x\",\"d\":[],\"e\":{},\"f\":-0.5e+7 } ")
	if err != nil {
		t.Fatal(err)
	}
	want := []field{{"a", "1"}, {"b", `{"c":[1, 2]}`}, {"b", `"x"`}, {"d", "[]"}, {"e", "{}"}, {"f", "-0.5e+7"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestWalkEndsWithTheErrorOfVisit(t *testing.T) {
	stop := errors.New("stop")
	calls := 0
	err := Walk(`{"a":1,"b":2}`, func(string, string) error { calls++; return stop })
	if !errors.Is(err, stop) || calls != 1 {
		t.Errorf("%v after %d calls", err, calls)
	}
}

var texts = []string{
	``, ` `, `{`, `}`, `{}`, ` {} `, `{}x`, `{},`, `{{}}`, `[]`, `[{}]`, `null`, `"a"`, `1`, `true`,
	`{"a"}`, `{"a":}`, `{"a":1`, `{"a":1,}`, `{,"a":1}`, `{"a":1 "b":2}`, `{"a" 1}`, `{a:1}`, `{'a':1}`, `{1:1}`, `{"a":1}}`,
	`{"a":true}`, `{"a":tru}`, `{"a":trues}`, `{"a":false}`, `{"a":null}`, `{"a":nul}`, `{"a":True}`,
	`{"a":0}`, `{"a":-0}`, `{"a":00}`, `{"a":01}`, `{"a":-}`, `{"a":+1}`, `{"a":1.}`, `{"a":.5}`, `{"a":1.5}`, `{"a":1e}`,
	`{"a":1e5}`, `{"a":1E+05}`, `{"a":1e-}`, `{"a":0x10}`, `{"a":NaN}`, `{"a":1 }`, `{"a":--1}`,
	`{"a":[1,2,[3]]}`, `{"a":[1,]}`, `{"a":[,1]}`, `{"a":[1 2]}`, `{"a":[}`, `{"a":[]]}`, `{"a":{"b":{}}}`, `{"a":{"b"}}`,
	`{"a":{"b":1,}}`, `{"a":{b:1}}`, `{"a":{1:1}}`, `{"a":{"b":1]}`, `{"a":[{"b":1}}`, `{"a":[`, `{"a":{`, `{"a":{"b"`, `{"a":{"b":`,
	`{"a":"\n"}`, `{"a":"\x"}`, `{"a":"\"}`, `{"a":"\\"}`, `{"a":"\u12"}`, `{"a":"\u123g"}`, `{"a":"\uD83D\uDCEC"}`,
	`{"a":"\ud83d"}`, `{"a":"\ud83dx"}`, `{"a":"\ud83d\u0041"}`, `{"a":"\udcec\ud83d"}`, `{"a":"\ud83d\ud83d\udcec"}`, `{"a":"\/\b\f\n\r\t"}`,
	"{\"a\":\"\n\"}", "{\"a\":\"\x1f\"}", "{\"a\":\"\x7f\"}", "{\"a\":\"\xff\"}", "{\"\xff\":1}", "{\"a\":\"\xed\xa0\x80\"}", "{\"a\":1}\x00",
	"\ufeff{}", "{\"a\":\u00a01}", `{"\ud83d\udcec":"` + "\U0001f4ec" + `"}`,
	`{"a":` + strings.Repeat("[", 31) + strings.Repeat("]", 31) + `}`,
	`{"a":` + strings.Repeat("[", 32) + strings.Repeat("]", 32) + `}`,
	strings.Repeat(`{"a":`, 33) + `1` + strings.Repeat("}", 33),
	strings.Repeat(`{"a":`, 100_000),
}

// valid reports, by encoding/json, whether Walk should accept s. encoding/json
// is laxer about invalid UTF-8, and allows deeper nesting.
func valid(s string) bool {
	return json.Valid([]byte(s)) && utf8.ValidString(s) && strings.HasPrefix(strings.TrimLeft(s, " \t\r\n"), "{") && depth(s) <= maxDepth
}

// depth returns the nesting depth of a value; a scalar has depth 1.
func depth(s string) int {
	now, most := 0, 0
	d := json.NewDecoder(strings.NewReader(s))
	for {
		t, err := d.Token()
		if err != nil {
			return most
		}
		switch t {
		case json.Delim('}'), json.Delim(']'):
			now--
			continue
		}
		most = max(most, now)
		if t == json.Delim('{') || t == json.Delim('[') {
			now++
		}
	}
}

func TestWalkAcceptsExactlyObjects(t *testing.T) {
	accepted := 0
	for _, s := range texts {
		agree(t, s)
		if valid(s) {
			accepted++
		}
	}
	if accepted < 20 || len(texts)-accepted < 40 {
		t.Errorf("%d of %d texts are objects: the table is lopsided", accepted, len(texts))
	}
}

// agree compares Walk's acceptance and values with encoding/json.
func agree(t *testing.T, s string) {
	t.Helper()
	fields, err := walk(s)
	if (err == nil) != valid(s) {
		t.Errorf("%.80q: error %v, encoding/json says %v", s, err, valid(s))
	}
	guessed, guessErr := guess(s)
	if !errors.Is(guessErr, err) || !slices.Equal(guessed, fields) {
		t.Errorf("%.80q: %v, %v; where fields are expected %v, %v", s, fields, err, guessed, guessErr)
	}
	if err != nil {
		if !errors.Is(err, ErrSyntax) {
			t.Errorf("%.80q: an error of no kind: %v", s, err)
		}
		return
	}
	last := map[string]any{}
	for _, f := range fields {
		var v any
		if err := json.Unmarshal([]byte(f.Value), &v); err != nil {
			t.Errorf("%q: the value %q is no JSON: %v", s, f.Value, err)
		}
		text, isText := v.(string)
		if got, ok := Unquote(f.Value); ok != isText || got != text {
			t.Errorf("%q: the value %s reads %q, %v", s, f.Value, got, ok)
		}
		last[f.Key] = v
	}
	var want map[string]any
	if err := json.Unmarshal([]byte(s), &want); err != nil && !strings.Contains(err.Error(), "cannot unmarshal number") {
		t.Fatal(err)
	}
	if want != nil && !reflect.DeepEqual(want, last) { // cmp.Diff takes minutes for deep arrays
		t.Errorf("%q: %v, by encoding/json %v", s, last, want)
	}
}

func TestNextIsAsksForTheWholeName(t *testing.T) {
	for s, want := range map[string]bool{
		`{"ab":1}`: true, `{"ab": "x"}`: true, `{"ab":}`: false, `{"ab" :1}`: false, `{ "ab":1}`: false, `{"abc":1}`: false, `{"a":1}`: false,
		`["ab":1]`: false, `,"ab":1}`: false, `{"ab":`: false, `{`: false, ``: false,
	} {
		o := Open(s)
		if got := o.NextIs(`"ab":`); got != want || got && o.Key != "ab" {
			t.Errorf("%s: %v, key %q", s, got, o.Key)
		}
	}
}

// A byte that ends a plain run is found at each of the eight positions, after
// any bytes.
func TestEachByteOfAStringIsLookedAt(t *testing.T) {
	for before := range 20 {
		for c := range 256 {
			s := `{"k":"` + strings.Repeat("!", before) + string([]byte{byte(c)}) + strings.Repeat("#", 9) + `"}`
			if _, err := walk(s); (err == nil) != valid(s) {
				t.Errorf("%q: %v", s, err)
			}
		}
	}
}

func TestUintTakesWholeNumbersOnly(t *testing.T) {
	for text, want := range map[string]bool{
		"0": true, "7": true, "100": true, "101": false, "-1": false, "1.0": true, "1e1": true, `"1"`: false, "null": false, "": false,
		"1.5": false, "0.1e1": true, "100.000": true, "1e2": true, "1E+2": true, "1e3": false, "100e-2": true, "101e-2": false, "0.0": true, "0e9": true,
		"0.00e-99999999999999999999": true, "1e-1": false, "1e99999999999999999999": false, "-1.0": false, `"1.0"`: false, "true": false, "false": false,
		"100.0000000000000000000000000001": false, "1000000000000000000000000000000e-30": true, `"1e1"`: false,
		"18446744073709551616": false,
	} {
		if n, ok := Uint(text, 100); ok != want {
			t.Errorf("%s: %d, %v", text, n, ok)
		}
	}
}

func TestUnquoteWithoutEscapesDoesNotAllocate(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { Unquote(`"a plain text"`) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzWalk(f *testing.F) {
	for _, s := range texts {
		if len(s) < 1000 {
			f.Add(s)
		}
	}
	f.Fuzz(agree)
}

func FuzzAppendString(f *testing.F) {
	f.Add("plain", 10)
	f.Add("\xff\x01\"\U0001f4ec", 5)
	f.Fuzz(func(t *testing.T, s string, maxBytes int) {
		maxBytes &= 0xfff
		text, read := appended(t, s, maxBytes)
		if len(text) > maxBytes+2 {
			t.Errorf("%d bytes, more than %d", len(text)-2, maxBytes)
		}
		if whole := string([]rune(s)); !strings.HasPrefix(whole, read) {
			t.Errorf("%q is no beginning of %q", read, whole)
		}
		if got, ok := Unquote(text); !ok || got != read {
			t.Errorf("Unquote reads %q, encoding/json %q", got, read)
		}
	})
}
