package emulator

import (
	"fmt"
	"strings"

	"glint/ingest/networks"
)

// renderManifest writes the fastly.toml that the emulator reads: the stores and the
// backend of the edge program, and the geolocation of single addresses; wider prefixes are
// left out, since the emulator knows addresses only.
func renderManifest(cfg *Config) []byte {
	var b strings.Builder
	b.WriteString("# Rendered by glint at each start; changes are lost.\nmanifest_version = 3\nname = \"glint\"\nlanguage = \"other\"\n")
	fmt.Fprintf(&b, "\n[local_server.config_stores.glint]\nformat = \"inline-toml\"\n[local_server.config_stores.glint.contents]\nip_precision = %s\nprivacy_signals = %s\n",
		quote(cfg.Precision), quote(cfg.Signals))
	if sites := cfg.Web.Sites.String(); sites != "" {
		fmt.Fprintf(&b, "sites = %s\n", quote(sites))
	}
	for _, s := range []struct{ key, from, value string }{
		{"pixel_keys", "file", cfg.KeysFile}, {"events_token", "data", cfg.Web.EventsToken}, {"visitor_secret", "data", cfg.Web.VisitorSecret},
	} {
		if s.value != "" {
			fmt.Fprintf(&b, "\n[[local_server.secret_stores.glint]]\nkey = %s\n%s = %s\n", quote(s.key), s.from, quote(s.value))
		}
	}
	if cfg.Ingest != "" {
		fmt.Fprintf(&b, "\n[local_server.backends.ingest]\nurl = %s\n", quote(cfg.Ingest))
	}
	b.WriteString("\n[local_server.geolocation]\nformat = \"inline-toml\"\nuse_default_loopback = false\n")
	b.WriteString("[local_server.geolocation.addresses]\n")
	for _, row := range cfg.Networks.Rows() {
		if !row.Prefix.IsSingleIP() {
			continue
		}
		n := row.Network
		fmt.Fprintf(&b, "[local_server.geolocation.addresses.%s]\n", quote(row.Prefix.Addr().String()))
		fmt.Fprintf(&b, "as_number = %d\ncountry_code = %s\nproxy_type = %s\nproxy_description = %s\n",
			n.ASNumber, quote(n.Country), quote(n.ProxyType), quote(n.ProxyDescription))
		if n.Name != "" {
			fmt.Fprintf(&b, "network = %s\n", quote(n.Name))
		}
	}
	return []byte(b.String())
}

// TooWide returns how many rows are left out of the manifest.
func TooWide(table *networks.Table) (n int) {
	for _, row := range table.Rows() {
		if !row.Prefix.IsSingleIP() {
			n++
		}
	}
	return n
}

// quote writes a TOML basic string (toml.io, v1.0.0).
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < 0x20 || r == 0x7f:
			fmt.Fprintf(&b, "\\u%04x", r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
