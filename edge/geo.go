package main

import (
	"net/netip"

	"glint/edge/event/jsonline"
	"glint/edge/pixel"
)

// lookupNetwork returns the platform's facts about an address. On any failure
// it returns an unknown network, never an error.
func lookupNetwork(addr netip.Addr) pixel.Network {
	if !addr.IsValid() {
		return pixel.Network{}
	}
	return parseGeo(geoLookup(addr.Unmap().AsSlice()))
}

// parseGeo reads the platform's answer, a JSON object, or "" if the platform
// knows nothing. The platform never sends the field `network`; the emulator's
// table has it, so that a local test can imitate scanners.
func parseGeo(text string) pixel.Network {
	var n pixel.Network
	if text == "" {
		return n
	}
	err := jsonline.Walk(text, func(key, value string) error {
		if key == "as_number" {
			if v, ok := jsonline.Uint(value, 1<<32-1); ok {
				n.ASNumber = uint32(v)
			}
		} else if p := geoField(&n, key); p != nil {
			*p, _ = jsonline.Unquote(value)
		}
		return nil
	})
	if err != nil {
		return pixel.Network{}
	}
	n.Known = true
	return n
}

func geoField(n *pixel.Network, key string) *string {
	switch key {
	case "country_code":
		return &n.Country
	case "region":
		return &n.Region
	case "conn_type":
		return &n.ConnectionType
	case "proxy_type":
		return &n.ProxyType
	case "proxy_description":
		return &n.ProxyDescription
	case "network":
		return &n.Name
	}
	return nil
}
