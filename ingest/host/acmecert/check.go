package acmecert

import (
	"cmp"
	"errors"
	"fmt"
	"net/mail"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/idna"
)

// ErrConfig is wrapped by the faults of a Config.
var ErrConfig = errors.New("acmecert: certificates over ACME")

// Validate returns all faults in one error. It reads no files.
func (c *Config) Validate() error {
	_, err := c.check()
	return err
}

// check returns the names in the form of certificates.
func (c *Config) check() (domains []string, err error) {
	var faults []error
	for _, text := range c.Domains {
		domain, err := hostName(text)
		if err != nil {
			faults = append(faults, err)
		} else if !slices.Contains(domains, domain) {
			domains = append(domains, domain)
		}
	}
	if len(c.Domains) == 0 {
		faults = append(faults, fmt.Errorf("%w: no host name is given", ErrConfig))
	}
	if u, err := url.Parse(c.directory()); err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		faults = append(faults, fmt.Errorf("%w: the directory %q is no URL like %s", ErrConfig, c.Directory, LetsEncrypt))
	}
	if c.Email != "" {
		if a, err := mail.ParseAddress(c.Email); err != nil || a.Address != c.Email {
			faults = append(faults, fmt.Errorf("%w: the address of the account is no mail address", ErrConfig))
		}
	}
	return domains, errors.Join(faults...)
}

// First returns the first name of a valid configuration, in DNS form.
func (c *Config) First() string {
	first, _ := hostName(c.Domains[0])
	return first
}

func (c *Config) directory() string { return cmp.Or(c.Directory, LetsEncrypt) }

// hostName returns a name in DNS form, in lower case. It refuses names for
// which no authority issues a certificate by these checks.
func hostName(text string) (string, error) {
	if strings.HasPrefix(text, "*") {
		return "", fmt.Errorf("%w: %q: a wildcard needs DNS-01, which glint does not speak; name each host", ErrConfig, text)
	}
	if _, err := netip.ParseAddr(text); err == nil {
		return "", fmt.Errorf("%w: %q is an address; want a host name", ErrConfig, text)
	}
	domain, err := idna.Lookup.ToASCII(strings.TrimSuffix(text, "."))
	ofHost := func(r rune) bool { return r == '-' || r == '.' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' }
	if err != nil || strings.ContainsFunc(domain, func(r rune) bool { return !ofHost(r) }) {
		return "", fmt.Errorf("%w: %q is no host name like pixel.example.com", ErrConfig, text)
	}
	if !strings.Contains(domain, ".") {
		return "", fmt.Errorf("%w: %q has no dot; want a name of the public DNS like pixel.example.com", ErrConfig, text)
	}
	return domain, nil
}
