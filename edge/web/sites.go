package web

import (
	"errors"
	"strings"
)

// Sites are the sites that may use the web pixel, with the origins whose pages
// may post events. The zero value is empty.
type Sites struct {
	names   []string
	origins [][]string
}

// ErrSite is returned for a site that is not NAME=ORIGIN[,ORIGIN…].
var ErrSite = errors.New("web: want NAME=ORIGIN[,ORIGIN…] with origins like https://www.example.com")

// Add adds a site in the form NAME=ORIGIN[,ORIGIN…]. Otherwise it returns
// ErrSite.
func (s *Sites) Add(text string) error {
	name, list, ok := strings.Cut(text, "=")
	name = strings.TrimSpace(name)
	if !ok || name == "" || len(name) > maxName {
		return ErrSite
	}
	var origins []string
	for _, origin := range strings.Split(list, ",") {
		origin = strings.ToLower(strings.TrimSuffix(strings.TrimSpace(origin), "/"))
		scheme, host, ok := strings.Cut(origin, "://")
		if !ok || host == "" || scheme != "http" && scheme != "https" || strings.ContainsAny(host, "/?#@* ") {
			return ErrSite
		}
		origins = append(origins, origin)
	}
	s.names, s.origins = append(s.names, name), append(s.origins, origins)
	return nil
}

// ParseSites reads sites in the form of Add, separated by line feeds or
// semicolons, as in the edge's store.
func ParseSites(text string) (s Sites, err error) {
	for _, line := range strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == ';' }) {
		if line = strings.TrimSpace(line); line != "" {
			if err := s.Add(line); err != nil {
				return Sites{}, err
			}
		}
	}
	return s, nil
}

// String returns the sites in the form of ParseSites, one to a line; "" if there are
// none.
func (s *Sites) String() string {
	var b strings.Builder
	for i, name := range s.names {
		b.WriteString(name + "=" + strings.Join(s.origins[i], ",") + "\n")
	}
	return b.String()
}

// Names returns the names of the sites, in the order in which they were added. The
// caller must not change it.
func (s *Sites) Names() []string { return s.names }

// Has reports whether a site of that name was added.
func (s *Sites) Has(name string) bool {
	for _, n := range s.names {
		if n == name {
			return true
		}
	}
	return false
}

// Allows reports whether pages of an origin may post events of a site; "" as
// name means any site.
func (s *Sites) Allows(name, origin string) bool {
	origin = strings.ToLower(origin)
	for i, n := range s.names {
		if name != "" && n != name {
			continue
		}
		for _, o := range s.origins[i] {
			if o == origin {
				return true
			}
		}
	}
	return false
}
