package addrprefix

import "testing"

func TestParse(t *testing.T) {
	for _, c := range []struct{ give, want string }{
		{"192.0.2.7", "192.0.2.7/32"},
		{"192.0.2.7/24", "192.0.2.0/24"},
		{"2001:db8::1", "2001:db8::1/128"},
		{"2001:db8::1/32", "2001:db8::/32"},
		{"::ffff:192.0.2.7", "192.0.2.7/32"},
		{"::ffff:192.0.2.7/120", "192.0.2.0/24"},
		{"::ffff:192.0.2.7/90", "::ffc0:0:0/90"},
		{"0.0.0.0/0", "0.0.0.0/0"},
		{"fe80::1%eth0", ""},
		{"192.0.2", ""},
		{"192.0.2.0/33", ""},
		{"", ""},
	} {
		p, err := Parse(c.give)
		if c.want == "" {
			if err == nil {
				t.Errorf("%q is %v, want an error", c.give, p)
			}
			continue
		}
		if err != nil || p.String() != c.want {
			t.Errorf("%q is %v, %v; want %s", c.give, p, err, c.want)
		}
	}
}
