package classify

import "testing"

func TestHeaderFactsAreFrozen(t *testing.T) {
	// These numbers are stored in opens.header_bits. Never change one.
	frozen := map[HeaderFacts]uint16{
		DestImage: 1, DestEmpty: 2, DestOther: 4, ModeNoCors: 8, ModeNavigate: 16, ModeOther: 32,
		Prefetch: 64, Preview: 128, AcceptPresent: 256, AcceptImageFirst: 512, AcceptHTMLFirst: 1024,
		AcceptLanguagePresent: 2048, AcceptEncodingPresent: 4096, ViaPresent: 8192,
		ForwardedForPresent: 16384, ClientHintsPresent: 32768,
	}
	if len(frozen) != 16 {
		t.Fatalf("%d facts", len(frozen))
	}
	for fact, want := range frozen {
		if uint16(fact) != want {
			t.Errorf("fact %d was %d", fact, want)
		}
	}
}

func TestHeaderFact(t *testing.T) {
	for _, c := range []struct {
		name, header, value string
		want                HeaderFacts
	}{
		{"an image", "sec-fetch-dest", "image", DestImage},
		{"a name in any case", "Sec-Fetch-Dest", "IMAGE ", DestImage},
		{"a script's fetch", "sec-fetch-dest", "empty", DestEmpty},
		{"a page", "sec-fetch-dest", "document", DestOther},
		{"an image's mode", "sec-fetch-mode", "no-cors", ModeNoCors},
		{"a page's mode", "sec-fetch-mode", "navigate", ModeNavigate},
		{"another mode", "sec-fetch-mode", "cors", ModeOther},
		{"a prefetch", "sec-purpose", "prefetch", Prefetch},
		{"a prerender", "sec-purpose", "prefetch;prerender", Prefetch},
		{"Chrome's older prefetch", "Purpose", "prefetch", Prefetch},
		{"Safari's preview", "X-Purpose", "preview", Preview},
		{"Firefox's prefetch", "X-moz", "prefetch", Prefetch},
		{"a list", "purpose", "preview, prefetch", Prefetch | Preview},
		{"another purpose", "purpose", "pre", 0},
		{"an image type first", "accept", "image/avif,image/webp,*/*;q=0.8", AcceptPresent | AcceptImageFirst},
		{"HTML first", "Accept", " text/html,application/xhtml+xml", AcceptPresent | AcceptHTMLFirst},
		{"anything", "accept", "*/*", AcceptPresent},
		{"HTML later", "accept", "image/png,text/html", AcceptPresent | AcceptImageFirst},
		{"an empty value is present", "accept", "", AcceptPresent},
		{"a language", "accept-language", "de", AcceptLanguagePresent},
		{"an encoding", "accept-encoding", "gzip", AcceptEncodingPresent},
		{"a proxy", "via", "1.1 squid", ViaPresent},
		{"a forwarder", "x-forwarded-for", "192.0.2.1", ForwardedForPresent},
		{"client hints", "sec-ch-ua", `"Chromium";v="131"`, ClientHintsPresent},
		{"a header without facts", "host", "example.com", 0},
	} {
		if got := HeaderFact(c.header, c.value); got != c.want {
			t.Errorf("%s: got %b, want %b", c.name, got, c.want)
		}
	}
}

func TestHeaderNamesCoverTheFacts(t *testing.T) {
	var all HeaderFacts
	for _, name := range HeaderNames {
		for i := range len(name) {
			if name[i] != lower(name[i]) {
				t.Errorf("%q is not in lower case", name)
			}
		}
		for _, value := range []string{"image", "empty", "document", "no-cors", "navigate", "cors", "prefetch", "preview", "image/png", "text/html"} {
			all |= HeaderFact(name, value)
		}
	}
	if all != 1<<16-1 {
		t.Errorf("only %016b can be recorded", all)
	}
}
