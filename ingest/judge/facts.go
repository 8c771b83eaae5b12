package judge

import (
	"strings"
	"time"

	"glint/edge/classify"
	"glint/ingest/warehouse"
)

// Facts is a combination of facts with its verdicts.
type Facts struct {
	Untimed classify.Verdict // at no known time
	Fast    classify.Verdict // verdict within classify.FastWindow of sending
	Soon    classify.Verdict // verdict within classify.ScannerWindow
	Program classify.Facts

	Agent         uint64 // hash of the user agent
	Stored        classify.Facts
	Expired       bool // the facts have expired, so nothing can be judged
	MayBurst      bool // on a network that could be a scanner's
	GmailPrefetch bool // has the user agent of Gmail's prefetch
}

// judgeFacts classifies a combination of facts by the current rules.
func judgeFacts(f *warehouse.RequestFacts) *Facts {
	r := classify.Request{
		Method: f.Method, UserAgent: f.UserAgent, RefererHost: f.RefererHost, Network: f.Network, ASNumber: f.ASNumber,
		ProxyType: f.ProxyType, ProxyDescription: f.ProxyDescription, Protocol: f.Protocol, JA4: f.JA4, BotDetection: f.BotDetection,
		Headers: classify.HeaderFacts(f.HeaderBits), Signals: classify.Signals(f.HeaderFacts),
	}
	out := &Facts{
		Agent: f.Agent, Stored: classify.Facts{Client: f.Client, Vendor: f.ClientVendor, OS: f.OS, Device: f.Device},
		Expired: f.Method == "" && f.UserAgent == "" && f.Network == "" && f.ASNumber == 0 && f.ProxyType == "" && f.HeaderBits == 0 &&
			f.HeaderFacts == 0 && f.JA4 == "" && f.RefererHost == "",
		GmailPrefetch: strings.Contains(f.UserAgent, gmailPrefetch),
	}
	agent := classify.ReadAgent(r.UserAgent)
	out.Untimed, out.Program = classify.ExamineAgent(&agent, &r)
	r.SentKnown = true
	r.SinceSend = 0
	out.Fast, _ = classify.ExamineAgent(&agent, &r)
	r.SinceSend = classify.FastWindow
	out.Soon, _ = classify.ExamineAgent(&agent, &r)
	out.MayBurst = mayBurst(f, out.Untimed)
	return out
}

// gmailPrefetch is the version of Edge that now only Gmail's prefetch still
// names (sparkpost.com/blog/gmail-prefetching-images).
const gmailPrefetch = "Edge/12.246"

// mayBurst reports whether a network may be a scanner's: one that hosts
// machines or is unknown. Addresses of carriers and offices are shared by
// people, and known to be ordinary networks.
func mayBurst(f *warehouse.RequestFacts, v classify.Verdict) bool {
	if !mayBeMachine(v) {
		return false
	}
	switch v.Reason {
	case "hosting", "shared_network":
		return true
	}
	nothing := f.Network == "" || strings.EqualFold(f.Network, classify.NetworkUnknown)
	return strings.EqualFold(f.Network, classify.NetworkHosting) ||
		nothing && f.ASNumber == 0 && f.ProxyType == "" && f.ProxyDescription == ""
}

func milliseconds(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

// clickTimes returns the verdicts, by the time since sending, on the client of
// a click; nil if the client is unknown.
func clickTimes(c *warehouse.JudgedClick) func(since int64) classify.Verdict {
	if c.UserAgent == "" {
		return nil
	}
	r := classify.Request{UserAgent: strings.Clone(c.UserAgent), Network: strings.Clone(c.Network), ASNumber: c.ASNumber}
	if classify.Judge(&r).Class == classify.SecurityScanner {
		return nil
	}
	return func(since int64) classify.Verdict {
		r.SentKnown, r.SinceSend = true, milliseconds(since)
		return classify.Judge(&r)
	}
}
