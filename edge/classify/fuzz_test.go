package classify

import (
	"net/netip"
	"testing"
	"time"
)

// FuzzJudge looks for panics, classes that do not exist, empty reasons, and
// user agents that stay human with a bot's name behind them.
func FuzzJudge(f *testing.F) {
	f.Add("GET", uaChrome, "mail.google.com", "none", uint32(0), "?", "?", uint16(0), int64(5), []byte{192, 0, 2, 1})
	f.Add("HEAD", uaOutlook, "", "scanner:x", uint32(22843), "hosting", "cloud", uint16(0xffff), int64(-1), []byte{})
	f.Add("", "Mozilla/5.0 (Linux; Android 9; CUBOT", "", "", uint32(15169), "", "apple", uint16(64), int64(0), make([]byte, 16))
	f.Add("get", "\"User-Agent: Mozilla /5.0 ( ${ @a.bc +http:// edge/12.246 mozilla/5.0", ".", "hosting", uint32(8075), "", "", uint16(1024), int64(1)<<62, []byte{40, 92, 0, 1})
	f.Fuzz(func(t *testing.T, method, userAgent, referer, network string, as uint32, proxyType, description string, headers uint16, since int64, address []byte) {
		r := Request{
			Method: method, UserAgent: userAgent, RefererHost: referer, Network: network, ASNumber: as, ProxyType: proxyType,
			ProxyDescription: description, Headers: HeaderFacts(headers), SinceSend: time.Duration(since), SentKnown: since != 0,
		}
		v := Judge(&r)
		if v.Class >= classCount || v.Reason == "" {
			t.Fatalf("%d %q", v.Class, v.Reason)
		}
		if again := Judge(&r); again != v {
			t.Fatalf("first %v, then %v", v, again)
		}
		r.UserAgent += " Bot/1.0"
		if v := Judge(&r); v.Class == HumanDirect {
			t.Fatalf("human with a bot's name: %s", v.Reason)
		}
		if again, facts := Examine(&r); again != Judge(&r) || facts.Client == "" || facts.Vendor == "" || facts.OS == "" || facts.Device == "" {
			t.Fatalf("%v, facts %q", again, facts)
		}
		if HeaderFact("x-"+method, referer)&^(Prefetch|Preview|ForwardedForPresent) != 0 {
			t.Fatalf("facts from header x-%q", method)
		}
		addr, _ := netip.AddrFromSlice(address)
		if Network(proxyType, description, addr) == "" {
			t.Fatal("a network without a name")
		}
	})
}
