package classify

import (
	"net/netip"
	"testing"
)

func TestNetwork(t *testing.T) {
	for _, c := range []struct {
		name, proxyType, description, addr, want string
	}{
		{"the relay by description", "anonymous", "apple", "172.224.226.1", "apple_relay"},
		{"the relay by type", "consumer-privacy", "?", "2a02:26f7::1", "apple_relay"},
		{"the relay though its operator hosts", "hosting", "Apple", "104.28.0.1", "apple_relay"},
		{"Google's IP protection is people", "consumer-privacy", "google", "192.0.2.1", "none"},
		{"a scanner that rents from a cloud", "hosting", "cloud", "35.157.190.230", "scanner:barracuda-egd"},
		{"a scanner where the look-up failed", "", "", "40.107.3.4", "scanner:microsoft-365-protection"},
		{"a scanner by IPv6", "?", "?", "2a01:111:f403:c100::1", "scanner:microsoft-365-protection"},
		{"a scanner by IPv4 in IPv6", "?", "?", "::ffff:209.222.82.7", "scanner:barracuda-egd"},
		{"the address after a scanner's", "?", "?", "209.222.83.0", "none"},
		{"the address before a scanner's", "?", "?", "209.222.81.255", "none"},
		{"one address of a scanner", "?", "?", "52.238.78.88", "scanner:microsoft-365-protection"},
		{"its neighbour", "?", "?", "52.238.78.89", "none"},
		{"Exchange Online is no scanner", "?", "?", "52.96.0.1", "none"},
		{"Microsoft's other IPv6 is no scanner", "?", "?", "2a01:111:f402::1", "none"},
		{"hosting", "hosting", "cloud", "192.0.2.1", "hosting"},
		{"hosting without a description", "hosting", "?", "192.0.2.1", "hosting"},
		{"a cloud without a type", "?", "cloud", "192.0.2.1", "hosting"},
		{"a web security service is not hosting", "hosting", "cloud-security", "192.0.2.1", "none"},
		{"a home network", "?", "?", "192.0.2.1", "none"},
		{"a school", "edu", "?", "192.0.2.1", "none"},
		{"nothing known", "", "", "192.0.2.1", "unknown"},
		{"no address", "", "", "", "unknown"},
	} {
		var addr netip.Addr
		if c.addr != "" {
			addr = netip.MustParseAddr(c.addr)
		}
		if got := Network(c.proxyType, c.description, addr); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

func TestScannerPrefixesHaveNoBitsBelowTheirLength(t *testing.T) {
	for _, p := range scanners4 {
		if p.bits == 0 || p.bits > 32 || uint64(p.base)<<p.bits&0xffffffff != 0 {
			t.Errorf("%x/%d", p.base, p.bits)
		}
	}
	for _, p := range scanners6 {
		if p.bits == 0 || p.bits > 64 || p.high<<p.bits != 0 {
			t.Errorf("%x/%d", p.high, p.bits)
		}
	}
}
