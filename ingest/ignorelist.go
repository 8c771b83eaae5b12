package ingest

import (
	"net/netip"

	"glint/ingest/ignore"
)

// ignoreList is the name of the list in logs and metrics.
const ignoreList = "ignore"

// openIgnoreList returns what tells the opens of one's own mail, nil if no file of
// them is named.
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
