package loopback

import "testing"

func TestOnlyLoopbackIsThisMachine(t *testing.T) {
	for host, want := range map[string]bool{
		"127.0.0.1": true, "::1": true, "127.8.9.1": true, "::ffff:127.0.0.1": true, "localhost": true,
		"": false, "10.0.0.1": false, "0.0.0.0": false, "::": false, "[::1]": false, "127.0.0.1:80": false, "pixel.example.com": false, "localhost.example.com": false,
	} {
		if got := Is(host); got != want {
			t.Errorf("Is(%q) = %v", host, got)
		}
	}
}
