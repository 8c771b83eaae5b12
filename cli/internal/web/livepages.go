package web

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"glint/ingest/warehouse"
)

// Limits of the remembered pages. The warehouse later counts the views beyond them.
const (
	keptPages    = 10_000
	keptPageText = 256 // bytes of the site, host and path of one
	shownPages   = 10
)

// seenPages counts the views of pages by the second of receipt.
type seenPages map[seenPage]uint64

type seenPage struct {
	received int64
	page     warehouse.LivePage
}

// count counts a view. The texts of the page are copied.
func (s seenPages) count(received time.Time, page warehouse.LivePage) {
	key := seenPage{received.Unix(), page}
	if _, known := s[key]; !known {
		if len(s) >= keptPages || len(page.Site)+len(page.Host)+len(page.Path) > keptPageText {
			return
		}
		key.page = warehouse.LivePage{Site: copied(page.Site), Host: copied(page.Host), Path: copied(page.Path)}
	}
	s[key]++
}

func copied(s string) string { return string([]byte(s)) }

func (s seenPages) forget(oldest int64) {
	maps.DeleteFunc(s, func(key seenPage, _ uint64) bool { return key.received < oldest })
}

// pageCount is a page with its views.
type pageCount struct {
	warehouse.LivePage
	views uint64
}

// most returns the pages with the most views: the stored views plus the views seen from
// a second on.
func (s seenPages) most(stored map[warehouse.LivePage]uint64, until int64) []pageCount {
	all := maps.Clone(stored)
	if all == nil {
		all = map[warehouse.LivePage]uint64{}
	}
	for key, n := range s {
		if key.received >= until {
			all[key.page] += n
		}
	}
	list := make([]pageCount, 0, len(all))
	for page, n := range all {
		list = append(list, pageCount{page, n})
	}
	slices.SortFunc(list, func(a, b pageCount) int {
		return cmp.Or(cmp.Compare(b.views, a.views), cmp.Compare(a.Site, b.Site), cmp.Compare(a.Host, b.Host), cmp.Compare(a.Path, b.Path))
	})
	return list[:min(len(list), shownPages)]
}
