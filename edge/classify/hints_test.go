package classify

import (
	"fmt"
	"testing"
)

// browsersOfSystems are browsers of Chrome's kin, by what their client hints may
// call the system.
var browsersOfSystems = []struct {
	userAgent string
	hints     []string
}{
	{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.0.0 Safari/537.36", []string{"Windows"}},
	{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%[1]d.0.0.0 Safari/537.36 Edg/%[1]d.0.0.0", []string{"Windows"}},
	{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.0.0 Safari/537.36 OPR/125.0.0.0", []string{"Windows"}},
	{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.0.0 Safari/537.36", []string{"macOS"}},
	{"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.0.0 Safari/537.36", []string{"Linux", "Android", "Chrome OS", "Chromium OS"}},
	{"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.0.0 Safari/537.36", []string{"Chrome OS", "Chromium OS", "Linux", "Android"}},
	{"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.0.0 Mobile Safari/537.36", []string{"Android"}},
	{"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/%d.0.0.0 Mobile Safari/537.36", []string{"Android"}},
	{"Mozilla/5.0 (Linux; Android 14; SM-S921B Build/UP1A.231005.007; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/%d.0.7204.63 Mobile Safari/537.36", []string{"Android"}},
}

// TestHintsAgreeWithTheUserAgent pairs every browser with every system and with versions
// near its own: only what agrees is a person.
func TestHintsAgreeWithTheUserAgent(t *testing.T) {
	people := 0
	for _, b := range browsersOfSystems {
		for _, version := range []int{88, 109, 146} {
			ua := fmt.Sprintf(b.userAgent, version)
			for _, platform := range []string{"", "Windows", "macOS", "Android", "Linux", "Chrome OS", "Chromium OS", "Fuchsia"} {
				for _, hinted := range []int{0, version, version - 1, version + 1, 10 * version} {
					r := Request{UserAgent: ua, Network: NetworkNone, Headers: browserHeaders}
					agrees := hinted == 0 || hinted == version
					if platform != "" {
						r.Signals |= Signal("sec-ch-ua-platform", `"`+platform+`"`)
						own := platform == "Fuchsia" // a system that no rule knows says nothing
						for _, hint := range b.hints {
							own = own || hint == platform
						}
						agrees = agrees && own
					}
					if hinted != 0 {
						brands := fmt.Sprintf(`"Not)A;Brand";v="8", "Chromium";v="%[1]d", "Google Chrome";v="%[1]d"`, hinted)
						r.Headers |= HeaderFact("sec-ch-ua", brands)
						r.Signals |= Signal("sec-ch-ua", brands) | Brands(ua, brands)
					}
					want := Verdict{Unknown, "never_was"}
					if agrees {
						want = Verdict{HumanDirect, "browser"}
						people++
					}
					if got := Judge(&r); got != want {
						t.Errorf("%s says %q and %d: %v, want %v", ua, platform, hinted, got, want)
					}
				}
			}
		}
	}
	if people < 100 {
		t.Errorf("%d people", people)
	}
}

func TestBrands(t *testing.T) {
	const chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
	for _, c := range []struct {
		name, userAgent, brands string
		want                    Signals
	}{
		{"the same version", chrome, `"Chromium";v="131", "Not_A Brand";v="24"`, 0},
		{"another version", chrome, `"Chromium";v="130", "Not_A Brand";v="24"`, BrandsDiffer},
		{"a browser's own version beside Chromium's", chrome, `"Opera";v="116", "Chromium";v="131"`, 0},
		{"a value that was cut within the version", chrome, `"Not_A Brand";v="24", "Google Chrome";v="131", "Chromium";v="13`, 0},
		{"a value that was cut before it", chrome, `"Not_A Brand";v="24", "Chromium";v="`, 0},
		{"no Chromium", chrome, `"Not_A Brand";v="24"`, 0},
		{"no brands", chrome, "", 0},
		{"no Chrome", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", `"Chromium";v="131"`, 0},
		{"no user agent", "", `"Chromium";v="131"`, 0},
	} {
		if got := Brands(c.userAgent, c.brands); got != c.want {
			t.Errorf("%s: %b, want %b", c.name, got, c.want)
		}
	}
}
