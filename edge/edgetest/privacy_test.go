package edgetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"glint/edge/event"
	"glint/edge/privacy"
	"glint/edge/token"
)

// withdrawnStore is the KV store of a service with withdrawn messages.
func withdrawnStore(fates map[token.MessageID]privacy.Fate) string {
	var b strings.Builder
	for id, fate := range fates {
		fmt.Fprintf(&b, "[[local_server.kv_stores.glint]]\nkey = %q\ndata = %q\n\n", privacy.WithdrawalKey(id), fate.String())
	}
	return b.String()
}

// The lines of the real program hold no more than the mode of their token allows,
// and lines of withdrawn messages neither token nor address. The image comes always.
func TestModesAndWithdrawalsHoldInTheEmulator(t *testing.T) {
	ring := newRing(t)
	counted, dropped, kept := token.MessageID{1}, token.MessageID{2}, token.MessageID{3}
	e := start(t, program(t), stores(t, ring, "full")+
		withdrawnStore(map[token.MessageID]privacy.Fate{counted: privacy.Count, dropped: privacy.Drop})+geolocation(networks...))
	c := newClient(t, e.address, "127.0.2.2")
	agent := "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
	for _, test := range []struct {
		name       string
		token      token.Token
		lines      int
		has, lacks []string
		found      token.Token // what the line's token says
	}{
		{"identified", token.Token{Campaign: 9, Message: kept}, 1, []string{agent, `"ip":"127.0.2.2"`}, []string{`"class"`}, token.Token{Campaign: 9, Message: kept, Key: 7}},
		{"pseudonymous", token.Token{Campaign: 9, Message: kept, Mode: token.Pseudonymous}, 1, []string{agent}, []string{`"ip"`, `"path"`, "mail.example"}, token.Token{Campaign: 9, Message: kept, Key: 7, Mode: token.Pseudonymous}},
		{"last open", token.Token{Campaign: 9, Message: kept, Mode: token.LastOpen}, 1, []string{`T00:00:00.000Z`, `"class":"proxy_human"`}, []string{agent, `"ip"`, `"path"`, "mail.example", `"as_number"`, `"country"`}, token.Token{Campaign: 9, Message: kept, Key: 7, Mode: token.LastOpen}},
		{"aggregate", token.Token{Campaign: 9, Message: kept, Mode: token.Aggregate}, 1, []string{`:00:00.000Z`, `"class":"proxy_human"`}, []string{agent, `"ip"`, `"path"`, "mail.example", `"as_number"`, `"country"`}, token.Token{Campaign: 9, Message: kept, Key: 7, Mode: token.Aggregate}},
		{"withdrawn", token.Token{Campaign: 9, Message: counted}, 1, []string{`:00:00.000Z`, `"class":"proxy_human"`}, []string{agent, `"ip"`, `"path"`, "mail.example"}, token.Token{Campaign: 9, Key: 7, Mode: token.Aggregate}},
		{"withdrawn and deleted", token.Token{Campaign: 9, Message: dropped}, 0, nil, nil, token.Token{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			signed, err := ring.Sign(test.token)
			if err != nil {
				t.Fatal(err)
			}
			before := len(e.logged("opens"))
			path := "/o/" + signed + ".gif?who=PERSON"
			answer := c.get(path, "User-Agent: "+agent+"\r\nReferer: https://mail.example/\r\n")
			if wrong := answer.wrongWith("GET", path); wrong != "" {
				t.Error(wrong)
			}
			// A request that gives a line for certain comes behind it.
			c.get("/o/x.gif", "")
			waitFor(t, "the line", func() bool { return len(e.logged("opens")) > before+test.lines })
			all := e.logged("opens")[before:]
			if len(all) != test.lines+1 {
				t.Fatalf("%d lines: %s", len(all)-1, all)
			}
			lines := slices.DeleteFunc(slices.Clone(all), func(line string) bool { return strings.Contains(line, `"token":"x"`) }) // it may overtake
			if len(lines) != test.lines {
				t.Fatalf("%d lines beside that of the other request: %s", len(lines), all)
			}
			if test.lines == 0 {
				return
			}
			line := lines[0]
			for _, text := range test.has {
				if !strings.Contains(line, text) {
					t.Errorf("%s is not in %s", text, line)
				}
			}
			for _, text := range test.lacks {
				if strings.Contains(line, text) {
					t.Errorf("%s is in %s", text, line)
				}
			}
			if test.name == "withdrawn" && strings.Contains(line, signed) {
				t.Errorf("the token is in %s", line)
			}
			var parsed event.Event
			if err := parsed.Parse(line); err != nil {
				t.Fatal(err)
			}
			if got, err := ring.Open(parsed.Token); err != nil || got != test.found {
				t.Errorf("the line's token says %+v, %v", got, err)
			}
		})
	}
}

// The real program reads the setting, and heeds DNT and Sec-GPC by it.
func TestPrivacySignalsHoldInTheEmulator(t *testing.T) {
	ring := newRing(t)
	signed, err := ring.Sign(token.Token{Campaign: 9, Message: token.MessageID{3}})
	if err != nil {
		t.Fatal(err)
	}
	for setting, lines := range map[string]int{"aggregate": 1, "off": 0} {
		t.Run(setting, func(t *testing.T) {
			e := start(t, program(t), stores(t, ring, "full")+fmt.Sprintf("privacy_signals = %q\n\n", setting)+geolocation(networks...))
			c := newClient(t, e.address, "127.0.2.4")
			path := "/o/" + signed + ".gif"
			for _, signal := range []string{"DNT: 1\r\n", "Sec-GPC: 1\r\n"} {
				if wrong := c.get(path, "User-Agent: PERSON\r\n"+signal).wrongWith("GET", path); wrong != "" {
					t.Error(wrong)
				}
			}
			c.get(path, "User-Agent: somebody else\r\nDNT: 0\r\n")
			waitFor(t, "the lines", func() bool { return len(e.logged("opens")) >= 2*lines+1 })
			whole := 0
			for _, line := range e.logged("opens") {
				if strings.Contains(line, "somebody else") {
					whole++
					continue
				}
				var parsed event.Event
				if err := parsed.Parse(line); err != nil {
					t.Fatal(err)
				}
				if got, err := ring.Open(parsed.Token); err != nil || got != (token.Token{Campaign: 9, Key: 7, Mode: token.Aggregate}) ||
					strings.Contains(line, "PERSON") || parsed.IP != "" {
					t.Errorf("%+v, %v in %s", got, err, line)
				}
			}
			if n := len(e.logged("opens")); whole != 1 || n != 2*lines+1 {
				t.Errorf("%d lines, %d of them whole", n, whole)
			}
		})
	}
}
