package classify

import "testing"

func TestSignals(t *testing.T) {
	for _, c := range []struct {
		header, value string
		want          Signals
	}{
		{"DNT", "1", 1 << 0},
		{"dnt", " 1 ", 1 << 0},
		{"dnt", "0", 0},
		{"dnt", "", 0},
		{"Sec-GPC", "1", 1 << 1},
		{"sec-gpc", "?1", 0},
		{"sec-fetch-site", "none", 1 << 2},
		{"sec-fetch-site", "same-origin", 1 << 3},
		{"sec-fetch-site", "same-site", 1 << 3},
		{"Sec-Fetch-Site", "cross-site", 1 << 4},
		{"sec-fetch-user", "?1", 1 << 5},
		{"sec-ch-ua-mobile", "?1", 1 << 6},
		{"sec-ch-ua-mobile", "?0", 0},
		{"sec-ch-ua-platform", `"Windows"`, 1<<7 | 1<<27},
		{"sec-ch-ua-platform", `"macOS"`, 1<<7 | 1<<28},
		{"sec-ch-ua-platform", ` "Android" `, 1<<7 | 1<<29},
		{"sec-ch-ua-platform", `"Linux"`, 1<<7 | 1<<30},
		{"sec-ch-ua-platform", `"Chrome OS"`, 1<<7 | 1<<30},
		{"Sec-CH-UA-Platform", `"CHROMIUM OS"`, 1<<7 | 1<<30},
		{"sec-ch-ua-platform", `"Xbox"`, 1 << 7},
		{"sec-ch-ua-platform", ``, 1 << 7},
		{"range", "bytes=0-1", 1 << 8},
		{"if-none-match", "", 1 << 9},
		{"if-modified-since", "", 1 << 9},
		{"cookie", "", 1 << 10},
		{"authorization", "", 1 << 11},
		{"origin", "", 1 << 12},
		{"from", "", 1 << 13},
		{"forwarded", "", 1 << 14},
		{"x-requested-with", "com.example.mail", 1 << 15},
		{"x-requested-with", "XmlHttpRequest", 1 << 16},
		{"x-requested-with", "", 0},
		{"cache-control", "max-age=0", 1 << 17},
		{"cache-control", "private, No-Cache", 1 << 17},
		{"cache-control", "no-store", 1 << 17},
		{"cache-control", "max-age=01", 0},
		{"pragma", "no-cache", 1 << 17},
		{"priority", "u=1, i", 1 << 18},
		{"save-data", "on", 1 << 19},
		{"upgrade-insecure-requests", "1", 1 << 20},
		{"accept", "*/*", 1 << 21},
		{"accept", "image/avif,image/webp,*/*;q=0.8", 1 << 22},
		{"accept", "text/html, image/webp;q=1", 1 << 22},
		{"accept", "ximage/webp", 0},
		{"accept-encoding", "gzip, deflate, br", 1 << 23},
		{"accept-encoding", "gzip, br;q=0.5, zstd", 1<<23 | 1<<24},
		{"accept-encoding", "brotli, gzip", 0},
		{"sec-fetch-dest", "document", 1 << 25},
		{"sec-fetch-dest", "image", 0},
		{"sec-ch-ua", `"Not_A Brand";v="8", "HeadlessChrome";v="120"`, 1 << 26},
		{"sec-ch-ua", `"Chromium";v="120"`, 0},
		{"user-agent", "1", 0},
		{"", "", 0},
	} {
		if got := Signal(c.header, c.value); got != c.want {
			t.Errorf("%s: %s: %b, want %b", c.header, c.value, got, c.want)
		}
	}
}

// Every bit comes from a header, and none from another bit's table of old.
func TestEverySignalHasItsBit(t *testing.T) {
	all := []Signals{
		DoNotTrack, GlobalPrivacy, SiteNone, SiteSame, SiteCross, UserActivated, MobileHint, PlatformPresent, RangePresent, Conditional, CookiePresent,
		AuthorizationPresent, OriginPresent, FromPresent, ForwardedPresent, AppNamed, ScriptRequest, Reload, PriorityPresent, SaveData, UpgradeInsecure,
		AcceptAnything, AcceptModernImage, EncodingBrotli, EncodingZstd, DestDocument, HeadlessHint, WindowsHint, MacHint, AndroidHint, LinuxHint, BrandsDiffer,
	}
	for bit, s := range all {
		if s != 1<<bit {
			t.Errorf("signal %d has the bits %b: a stored bit never changes", bit, s)
		}
	}
}
