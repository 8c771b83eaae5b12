package output

import (
	"bytes"
	"encoding/json"
	"testing"
)

func TestJSONLeavesNothingThatSteersATerminalAndLosesNothing(t *testing.T) {
	const text = "a\x1b[2J\x7f\u0085\u009b31m\u202eevil\u200b\U000e0001 <Größe> 大 🎉\n\t\u2028"
	var b bytes.Buffer
	e := NewJSON(&b)
	e.SetIndent("", "  ")
	if err := e.Encode(map[string]string{"x": text}); err != nil {
		t.Fatal(err)
	}
	const want = "{\n  \"x\": \"a\\u001b[2J\\u007f\\u0085\\u009b31m\\u202eevil\\u200b\\udb40\\udc01 <Größe> 大 🎉\\n\\t\\u2028\"\n}\n"
	if b.String() != want {
		t.Errorf("got  %q\nwant %q", b.String(), want)
	}
	var back map[string]string
	if err := json.Unmarshal(b.Bytes(), &back); err != nil || back["x"] != text {
		t.Errorf("%q came back, %v", back["x"], err)
	}
}
