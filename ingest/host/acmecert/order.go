package acmecert

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"golang.org/x/crypto/acme"
)

// The ways in which an authority checks a name.
const (
	tlsALPN01 = "tls-alpn-01"
	http01    = "http-01"
)

// obtainTime is the limit of one try. Authorities check from several places in
// sequence.
const obtainTime = 5 * time.Minute

// errNoCheck means that the authority offers no check that is supported here.
var errNoCheck = errors.New("acmecert: the authority offers no check that is answered here")

// obtain obtains and stores a certificate for a name.
func (s *Source) obtain(ctx context.Context, domain string) (*tls.Certificate, error) {
	ctx, cancel := context.WithTimeout(ctx, obtainTime)
	defer cancel()
	if err := s.register(ctx); err != nil {
		return nil, fmt.Errorf("register the account: %w", err)
	}
	order, err := s.authorize(ctx, domain)
	if err != nil {
		return nil, fmt.Errorf("let the name be checked: %w", err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: []string{domain}}, key)
	if err != nil {
		return nil, err
	}
	chain, _, err := s.client.CreateCertFromOrder(ctx, order, request, true)
	if err != nil {
		return nil, fmt.Errorf("fetch the certificate: %w", err)
	}
	return s.store.keep(domain, key, chain)
}

// register creates the account, or finds it by its key. It agrees to the
// authority's terms, as the operator does by naming the domains.
func (s *Source) register(ctx context.Context) error {
	s.registering.Lock()
	defer s.registering.Unlock()
	if s.registered {
		return nil
	}
	account := &acme.Account{}
	if s.cfg.Email != "" {
		account.Contact = []string{"mailto:" + s.cfg.Email}
	}
	_, err := s.client.Register(ctx, account, acme.AcceptTOS)
	if err != nil && !errors.Is(err, acme.ErrAccountAlreadyExists) {
		return err
	}
	s.registered = true
	return nil
}

// authorize returns an order that is ready, after the first check that
// succeeds.
func (s *Source) authorize(ctx context.Context, domain string) (order *acme.Order, err error) {
	checks := []string{tlsALPN01}
	if s.cfg.HTTP {
		checks = append(checks, http01)
	}
	var faults error
	for _, check := range checks {
		order, err := s.authorizeBy(ctx, domain, check)
		if err == nil {
			return order, nil
		}
		faults = errors.Join(faults, fmt.Errorf("%s: %w", check, err))
		// A refused check ends only its own order; other errors would end the
		// next one as well.
		if _, refused := errors.AsType[*acme.AuthorizationError](err); !refused && !errors.Is(err, errNoCheck) {
			break
		}
	}
	return nil, faults
}

func (s *Source) authorizeBy(ctx context.Context, domain, check string) (*acme.Order, error) {
	order, err := s.client.AuthorizeOrder(ctx, acme.DomainIDs(domain))
	if err != nil {
		return nil, err
	}
	for _, url := range order.AuthzURLs {
		authorization, err := s.client.GetAuthorization(ctx, url)
		if err != nil {
			return nil, err
		}
		if authorization.Status == acme.StatusValid { // of an earlier try
			continue
		}
		challenge := offered(authorization, check)
		if challenge == nil {
			return nil, errNoCheck
		}
		withdraw, err := s.prove(domain, challenge)
		if err != nil {
			return nil, err
		}
		defer withdraw()
		if _, err := s.client.Accept(ctx, challenge); err != nil {
			return nil, err
		}
		if _, err := s.client.WaitAuthorization(ctx, url); err != nil {
			return nil, err
		}
	}
	return s.client.WaitOrder(ctx, order.URI)
}

func offered(a *acme.Authorization, check string) *acme.Challenge {
	for _, c := range a.Challenges {
		if c.Type == check {
			return c
		}
	}
	return nil
}

// prove makes the server answer a check until withdraw is called.
func (s *Source) prove(domain string, c *acme.Challenge) (withdraw func(), err error) {
	if c.Type == http01 {
		text, err := s.client.HTTP01ChallengeResponse(c.Token)
		if err != nil {
			return nil, err
		}
		path := s.client.HTTP01ChallengePath(c.Token)
		return set(s, s.answers, path, text), nil
	}
	proof, err := s.client.TLSALPN01ChallengeCert(c.Token, domain)
	if err != nil {
		return nil, err
	}
	return set(s, s.alpn, domain, &proof), nil
}

// set sets an entry of one of the maps that s.mu guards, until remove is called.
func set[V any](s *Source, of map[string]V, key string, value V) (remove func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	of[key] = value
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(of, key)
	}
}
