package acmecert

import (
	"crypto/tls"
	"time"
)

// State is the state of a name's certificate.
type State struct {
	Domain    string
	EndsAt    time.Time // zero: no certificate
	Fault     *Error    // of the last try; nil: it succeeded
	NextTryAt time.Time // zero: before Run
}

// States returns the states of all names, in the order of Config.Domains.
func (s *Source) States() []State {
	all := make([]State, len(s.names))
	for i, n := range s.names {
		all[i] = n.state()
	}
	return all
}

func (n *name) state() State {
	n.mu.RLock()
	defer n.mu.RUnlock()
	st := State{Domain: n.domain, Fault: n.fault, NextTryAt: n.next}
	if n.certificate != nil {
		st.EndsAt = n.certificate.Leaf.NotAfter.UTC()
	}
	return st
}

// renewal returns when the certificate should be renewed: when a third of its
// lifetime is left, as Let's Encrypt advises
// (https://letsencrypt.org/docs/integration-guide/). It is zero without a
// certificate.
func (n *name) renewal() time.Time {
	n.mu.RLock()
	defer n.mu.RUnlock()
	if n.certificate == nil {
		return time.Time{}
	}
	leaf := n.certificate.Leaf
	return leaf.NotAfter.Add(-leaf.NotAfter.Sub(leaf.NotBefore) / 3)
}

func (n *name) due() time.Time {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.next
}

func (n *name) plan(at time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.next = at
}

func (n *name) take(certificate *tls.Certificate) {
	n.mu.Lock()
	n.certificate, n.fault = certificate, nil
	n.mu.Unlock()
	n.plan(n.renewal())
}

func (n *name) failed(fault *Error, next time.Time) {
	n.faults.Inc()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.fault, n.next = fault, next
}
