package feed

import (
	"errors"
	"net/netip"
	"testing"
)

func TestAddresses(t *testing.T) {
	const (
		public = iota
		private
		never
	)
	for address, want := range map[string]int{
		"93.184.215.14": public, "2606:2800:21f:cb07:6820:80da:af6b:8b2c": public, "64:ff9b::5db8:d70e": public,
		"::ffff:93.184.215.14": public, "172.15.255.255": public, "172.32.0.0": public, "100.63.255.255": public, "100.128.0.0": public,

		"127.0.0.1": private, "127.255.0.1": private, "::1": private, "::ffff:127.0.0.1": private, "64:ff9b::7f00:1": private,
		"2002:7f00:1::": private, "10.0.0.1": private, "172.16.0.1": private, "172.31.255.255": private, "192.168.1.1": private,
		"100.64.0.1": private, "100.127.255.255": private, "fc00::1": private, "fdff::1": private, "::ffff:10.1.2.3": private,

		"169.254.169.254": never, "::ffff:169.254.169.254": never, "64:ff9b::a9fe:a9fe": never, "2002:a9fe:a9fe::": never,
		"fe80::1": never, "fe80::1%eth0": never, "0.0.0.0": never, "::": never, "0.1.2.3": never, "224.0.0.1": never, "ff02::1": never,
		"255.255.255.255": never, "240.0.0.1": never, "100.100.100.200": never, "192.0.0.192": never, "fd00:ec2::254": never,
		"192.0.2.1": never, "198.18.0.1": never, "198.51.100.1": never, "203.0.113.1": never, "192.88.99.1": never, "2001:db8::1": never,
		"2001::1": never, "64:ff9b:1::1": never, "::127.0.0.1": never, "4000::1": never, "fec0::1": never, "100::1": never, "5f00::1": never,
	} {
		addr := netip.MustParseAddr(address)
		for allow, most := range map[bool]int{false: public, true: private} {
			if err := checkAddress(addr, allow); (err == nil) != (want <= most) || err != nil && !errors.Is(err, ErrAddress) {
				t.Errorf("%s, private allowed %v: %v", address, allow, err)
			}
		}
	}
	if checkAddress(netip.Addr{}, true) == nil {
		t.Error("no address at all is allowed")
	}
}
