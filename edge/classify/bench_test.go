package classify

import "testing"

// BenchmarkJudge judges a mixed set: mail, proxies, browsers and machines.
func BenchmarkJudge(b *testing.B) {
	requests := make([]Request, 0, len(mixedAgents))
	for _, agent := range mixedAgents {
		requests = append(requests, Request{UserAgent: agent, Network: NetworkNone, ASNumber: 64496})
	}
	b.Run("verdict", func(b *testing.B) {
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			Judge(&requests[i%len(requests)])
			i++
		}
	})
	b.Run("verdict and facts", func(b *testing.B) {
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			Examine(&requests[i%len(requests)])
			i++
		}
	})
}

var mixedAgents = []string{
	"Mozilla/5.0",
	"Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
	"YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
	"Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Win64; x64; Trident/7.0; .NET4.0C; .NET4.0E; Microsoft Outlook 16.0.17328; ms-office; MSOffice 16)",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Thunderbird/128.2.0",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
	"Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36",
	"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
	"python-requests/2.32.3",
}
