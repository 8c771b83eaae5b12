package main

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"glint/edge/classify"
)

// parsePrefix also takes a bare address, which means itself alone.
func parsePrefix(text string) (netip.Prefix, error) {
	if !strings.Contains(text, "/") {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return netip.Prefix{}, fmt.Errorf("read prefix: %w", err)
		}
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("read prefix: %w", err)
	}
	return prefix.Masked(), nil
}

// lastAddr is the highest address of a prefix.
func lastAddr(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	addr, _ := netip.AddrFromSlice(b)
	return addr
}

func eachPrefix(dir string, use func(netip.Prefix)) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil {
		return fmt.Errorf("list corpus: %w", err)
	}
	if len(files) == 0 {
		return fmt.Errorf("read corpus %s: %w", dir, os.ErrNotExist)
	}
	for _, file := range files {
		var bad error
		err := eachLine(file, func(line string) {
			line = strings.TrimSpace(line)
			if line == "" || strings.HasPrefix(line, "#") || bad != nil {
				return
			}
			var prefix netip.Prefix
			if prefix, bad = parsePrefix(line); bad == nil {
				use(prefix)
			}
		})
		if err != nil {
			return err
		}
		if bad != nil {
			return fmt.Errorf("%s: %w", file, bad)
		}
	}
	return nil
}

// judgeRelay gives every prefix of Apple's relay the description that Fastly
// gives it, and once more the type `hosting`, which its operators' AS numbers
// would suggest.
func judgeRelay(r *report, dir string) error {
	prefetch := oneOf(classify.MachinePrefetch)
	wrong, hosting := 0, 0
	err := eachPrefix(dir, func(p netip.Prefix) {
		network := classify.Network("consumer-privacy", "apple", p.Addr())
		if network == classify.NetworkHosting || classify.Network("hosting", "apple", p.Addr()) == classify.NetworkHosting {
			hosting++
		}
		verdict := classify.Judge(&classify.Request{UserAgent: "Mozilla/5.0", Network: network})
		wrong += one(verdict.Reason != "apple_mpp")
		r.judged("relay", expectation{"machine_prefetch", prefetch, prefetch}, verdict)
	})
	if err != nil {
		return err
	}
	rows := r.row("relay", "machine_prefetch").rows
	r.bar(rows > 0 && wrong == 0, "relay: %d of %d prefixes with Mozilla/5.0 are apple_mpp (all)", rows-wrong, rows)
	r.bar(hosting == 0, "relay: %d prefixes are hosting (0)", hosting)
	return nil
}

// judgeClouds asks that a browser on a cloud's address is no certain person: it
// is unknown without a send time, and no cloud's prefix is taken for a relay.
func judgeClouds(r *report, dir string) error {
	scanner := oneOf(classify.SecurityScanner, classify.Unknown)
	err := eachPrefix(dir, func(p netip.Prefix) {
		network := classify.Network("hosting", "cloud", p.Addr())
		verdict := classify.Judge(&classify.Request{
			UserAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
			Network:   network,
		})
		r.judged("clouds", expectation{"unknown or scanner", scanner, scanner}, verdict)
	})
	if err != nil {
		return err
	}
	t := r.row("clouds", "unknown or scanner")
	r.bar(t.rows > 0 && t.right == t.rows, "clouds: %d of %d prefixes unknown or scanner (all)", t.right, t.rows)
	return nil
}

// judgeScanners reads source, scope, certainty, label: the first and the last
// address of each certain prefix must be named.
func judgeScanners(r *report, path string) error {
	scanner, named := oneOf(classify.SecurityScanner), 0
	var bad error
	err := eachLine(path, func(line string) {
		fields := strings.Split(line, "\t")
		if len(fields) != 4 || fields[2] != "certain" || bad != nil {
			return
		}
		var p netip.Prefix
		if p, bad = parsePrefix(fields[0]); bad != nil {
			return
		}
		for _, addr := range []netip.Addr{p.Addr(), lastAddr(p)} {
			network := classify.Network("hosting", "cloud", addr)
			verdict := classify.Judge(&classify.Request{UserAgent: "Mozilla/5.0 (Windows NT 10.0; rv:130.0) Gecko/20100101 Firefox/130.0", Network: network})
			named += one(network == "scanner:"+fields[3] && verdict.Reason == "scanner_net")
			r.judged("scanners", expectation{"security_scanner", scanner, scanner}, verdict)
		}
	})
	if err != nil {
		return err
	}
	if bad != nil {
		return bad
	}
	rows := r.row("scanners", "security_scanner").rows
	r.bar(rows > 0 && named == rows, "scanners: %d of %d addresses of certain networks caught (all)", named, rows)
	return nil
}
