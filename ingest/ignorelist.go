package ingest

import (
	"net/netip"

	"glint/ingest/ignore"
)

// ignoreList is the name of the list in logs and metrics.
const ignoreList = "ignore"

// openIgnoreList returns the function that recognizes opens of the operator's
// own mail, or nil if no ignore file is configured.
func openIgnoreList(cfg *Config, lists *listWatch) (func(addr netip.Addr, userAgent string) (reason string, ok bool), error) {
	if cfg.IgnoreFile == "" {
		return nil, nil
	}
	own, err := ignore.Watch(cfg.IgnoreFile, func(fault error) { lists.notify(ignoreList, fault) })
	if err != nil {
		return nil, err
	}
	return own.Match, nil
}
