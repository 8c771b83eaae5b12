package rows

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"glint/ingest/warehouse"
)

const sample = `["id","n","share","at","name","list","flag","odd"]
["UInt64","Int64","Nullable(Float64)","DateTime64(3, 'UTC')","LowCardinality(Nullable(String))","Array(String)","Bool","UInt128"]

["18446744073709551615", "1234567", 0.5, "2026-03-04T12:00:00.000Z", "a\"b\\,[c", ["x,]","y"], true, "340282366920938463463374607431768211455"]
["1","-2",null,"2026-03-04T12:00:00.000Z",null,[],false,"0"]
["2","3",null,"2026-03-04T12:00:00.000Z","=1+1\u001b[2J",[],false,"0"]
`

func TestEachFormatShowsTheSameRows(t *testing.T) {
	for format, want := range map[string]string{
		"csv": "id,n,share,at,name,list,flag,odd\r\n" +
			`18446744073709551615,1234567,0.5,2026-03-04T12:00:00.000Z,"a""b\,[c","[""x,]"",""y""]",true,340282366920938463463374607431768211455` + "\r\n" +
			"1,-2,,2026-03-04T12:00:00.000Z,,[],false,0\r\n2,3,,2026-03-04T12:00:00.000Z,'=1+1\x1b[2J,[],false,0\r\n",
		"jsonl": `{"id":"18446744073709551615","n":1234567,"share":0.5,"at":"2026-03-04T12:00:00.000Z","name":"a\"b\\,[c","list":["x,]","y"],"flag":true,"odd":"340282366920938463463374607431768211455"}
{"id":"1","n":-2,"share":null,"at":"2026-03-04T12:00:00.000Z","name":null,"list":[],"flag":false,"odd":"0"}
{"id":"2","n":3,"share":null,"at":"2026-03-04T12:00:00.000Z","name":"=1+1\u001b[2J","list":[],"flag":false,"odd":"0"}
`,
	} {
		var got strings.Builder
		if err := convert(strings.NewReader(sample), format, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got.String()); diff != "" {
			t.Errorf("%s: %s", format, diff)
		}
	}
	var table, list strings.Builder
	if err := convert(strings.NewReader(sample), "table", &table); err != nil || strings.Contains(table.String(), "\x1b") || !strings.Contains(table.String(), " 1,234,567 ") {
		t.Errorf("table: %v\n%s", err, table.String())
	}
	var rows []map[string]any
	if err := convert(strings.NewReader(sample), "json", &list); err != nil || json.Unmarshal([]byte(list.String()), &rows) != nil || len(rows) != 3 {
		t.Errorf("json: %v\n%s", err, list.String())
	}
}

func TestWhatIsNoAnswerIsAnError(t *testing.T) {
	for _, text := range []string{
		"<html>\n", "[\"a\"]\n<html>\n", "[\"a\"]\n[\"String\"]\n[\"x\",\"y\"]\n", "[\"a\"]\n[\"String\"]\n[\"x\n", "[\"a\"]\n[\"String\"]\n[[\"x\"]\n",
	} {
		var got strings.Builder
		if err := convert(strings.NewReader(text), "csv", &got); !errors.Is(err, warehouse.ErrAnswer) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// FuzzSplit compares with encoding/json.
func FuzzSplit(f *testing.F) {
	for line := range strings.Lines(sample) {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		var want []json.RawMessage
		if json.Unmarshal([]byte(line), &want) != nil || !strings.HasPrefix(line, "[") || !strings.HasSuffix(line, "]") {
			return
		}
		got, err := split([]byte(line), nil)
		if err != nil || len(got) != len(want) {
			t.Fatalf("%q: %d cells, %v; want %d", line, len(got), err, len(want))
		}
		for i := range got {
			if string(got[i]) != string(want[i]) {
				t.Errorf("%q: cell %d is %q, want %q", line, i, got[i], want[i])
			}
		}
	})
}
