package sends

import (
	"errors"
	"strings"
	"testing"
)

func TestCheckBaseURL(t *testing.T) {
	for in, want := range map[string]string{
		"https://pixel.example.com":                       "https://pixel.example.com",
		"https://pixel.example.com/":                      "https://pixel.example.com",
		" https://Pixel.Example.COM ":                     "https://pixel.example.com",
		"https://pixel.example.com:443":                   "https://pixel.example.com",
		"https://bücher.example":                          "https://xn--bcher-kva.example",
		"https://BU\u0308CHER.example":                    "https://xn--bcher-kva.example",
		"https://xn--bcher-kva.example":                   "https://xn--bcher-kva.example",
		"https://пример.испытание":                        "https://xn--e1afmkfd.xn--80akhbyknj4f",
		"https://例え。example":                              "https://xn--r8jz45g.example",
		"https://ｐixel.example.com":                       "https://pixel.example.com",
		"http://127.0.0.1:8701":                           "http://127.0.0.1:8701",
		"http://[::1]:8701":                               "http://[::1]:8701",
		"https://localhost":                               "https://localhost",
		"https://10.0.0.5":                                "https://10.0.0.5",
		"https://pixel.example.com:8443":                  "https://pixel.example.com:8443",
		"pixel.example.com":                               "",
		"https://":                                        "",
		"https://:443":                                    "",
		"ftp://pixel.example.com":                         "",
		"https:pixel.example.com":                         "",
		"https://pixel.example.com/o":                     "",
		"https://pixel.example.com//":                     "",
		"https://pixel.example.com?x=1":                   "",
		"https://pixel.example.com?":                      "",
		"https://pixel.example.com/#o":                    "",
		"https://pixel.example.com#":                      "",
		"https://a:b@pixel.example.com":                   "",
		"https://@pixel.example.com":                      "",
		"https://pixel.example.com\nx: y":                 "",
		"https://pixel.example.com.":                      "",
		"https://pixel..example.com":                      "",
		"https://.example.com":                            "",
		"https://-pixel.example.com":                      "",
		"https://pixel_1.example.com":                     "",
		"https://b%C3%BCcher.example":                     "",
		"https://pixel.example.com%20":                    "",
		"https://pi xel.example.com":                      "",
		"https://pixel.example.com:":                      "",
		"https://pixel.example.com:0":                     "",
		"https://pixel.example.com:65536":                 "",
		"https://pixel.example.com:x":                     "",
		"https://xn--zzzzzz99999.example":                 "",
		"https://[fe80::1%25eth0]":                        "",
		"https://2130706433":                              "",
		"https://0x7f.0.0.1":                              "",
		"https://127.1":                                   "",
		"https://192.0.2.256":                             "",
		"https://" + strings.Repeat("a", 64) + ".example": "",
	} {
		got, err := CheckBaseURL(in)
		switch {
		case want == "":
			if !errors.Is(err, ErrBaseURL) {
				t.Errorf("CheckBaseURL(%q) = %+v, %v; want an error", in, got, err)
			}
		case err != nil || got.URL != want:
			t.Errorf("CheckBaseURL(%q) = %+v, %v; want %s", in, got, err, want)
		case !isASCII(got.URL):
			t.Errorf("CheckBaseURL(%q) = %s, which is not ASCII", in, got.URL)
		}
	}
}

func TestHostsThatOnlySomeReach(t *testing.T) {
	for host, want := range map[string]string{
		"pixel.example.com": "", "localhost.example.com": "", "local.example": "", "8.8.8.8": "", "[2001:4860:4860::8888]": "",
		"localhost": "loopback", "a.localhost": "loopback", "127.0.0.1": "loopback", "127.9.9.9": "loopback", "[::1]": "loopback", "[::ffff:127.0.0.1]": "loopback",
		"10.0.0.5": "private", "172.16.0.1": "private", "192.168.1.1": "private", "169.254.169.254": "private", "100.64.0.1": "private", "0.0.0.0": "private",
		"[::]": "private", "[fe80::1]": "private", "[fd00::1]": "private", "[::ffff:10.0.0.1]": "private", "224.0.0.1": "private", "255.255.255.255": "private",
		"pixel": "private", "pixel.local": "private", "nas.lan": "private", "x.internal": "private", "x.home.arpa": "private", "x.test": "private", "x.onion": "private",
	} {
		b, err := CheckBaseURL("https://" + host)
		if err != nil {
			t.Errorf("%s: %v", host, err)
			continue
		}
		got := ""
		switch {
		case b.Loopback:
			got = "loopback"
		case b.Private != "":
			got = "private"
		}
		if got != want {
			t.Errorf("%s is taken for %q (%s), want %q", host, got, b.Private, want)
		}
	}
}

func TestBasesThatAreUsedWithAWarning(t *testing.T) {
	for in, want := range map[string]string{
		"https://pixel.example.com": "", "http://127.0.0.1:8701": "", "http://localhost": "",
		"http://pixel.example.com":       "begins with http://",
		"https://pixel.example.com:8443": "names port 8443",
		"https://203.0.113.9":            "names an IP address",
		"https://exаmple.com":            "has a host that mixes Latin letters", // Cyrillic а
	} {
		b, err := CheckBaseURL(in)
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		got := strings.Join(b.Warnings, "\n")
		if want == "" && got != "" || !strings.HasPrefix(got, want) || len(b.Warnings) > 1 {
			t.Errorf("%s: warnings %q, want %q", in, got, want)
		}
	}
}
