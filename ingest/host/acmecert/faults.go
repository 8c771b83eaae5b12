package acmecert

import (
	"crypto/tls"
	"errors"
	"io/fs"
	"strings"
	"time"

	"golang.org/x/crypto/acme"
)

// Error is the reason why a certificate was not issued. Its texts are
// constants, since an authority's contain addresses. Unwrap returns the
// original error.
type Error struct {
	Domain    string
	Text, Try string // the fault, and advice for the operator

	refused bool          // the authority has counted the try
	wait    time.Duration // the authority allows no other try before
	err     error
}

func (e *Error) Error() string { return e.Domain + ": " + e.Text }

// Unwrap returns the error itself.
func (e *Error) Unwrap() error { return e.err }

// Hint returns the advice.
func (e *Error) Hint() string { return e.Try }

const leadsHere = "let DNS lead the name to this machine, and let port 443 from outside reach --pixel-listen or port 80 reach --pixel-http-listen"

// refusals are the problems of RFC 8555 §6.7 that an operator can fix.
var refusals = map[string]struct{ text, try string }{
	"dns":                     {"the authority finds no address of the name in DNS", "let DNS have an address (A or AAAA) of this machine for the name"},
	"connection":              {"the authority cannot connect to the name", leadsHere},
	"unauthorized":            {"another server answers for the name", leadsHere + "; a CDN or proxy before it gets the certificate itself"},
	"incorrectResponse":       {"another server answers for the name", leadsHere + "; a CDN or proxy before it gets the certificate itself"},
	"tls":                     {"another server, or none with TLS, answers for the name", leadsHere},
	"caa":                     {"DNS lets this authority give no certificates for the name (CAA)", "add the authority to the CAA records of the domain, or take another --pixel-tls-auto-directory"},
	"rateLimited":             {"the authority's rate limit is used up", "wait; glint tries again when it may. For tries use the authority's staging directory"},
	"rejectedIdentifier":      {"the authority gives no certificate for this name", "another name, or another --pixel-tls-auto-directory"},
	"invalidContact":          {"the authority does not take the account's mail address", "another --pixel-tls-auto-email, or none"},
	"unsupportedContact":      {"the authority does not take the account's mail address", "another --pixel-tls-auto-email, or none"},
	"externalAccountRequired": {"the directory wants an account that was made elsewhere", "another --pixel-tls-auto-directory; glint binds no external accounts"},
	"userActionRequired":      {"the authority wants its new terms to be accepted", "remove account.pem below $GLINT_HOME/certificates; naming the domains accepts the terms"},
}

// faultOf returns the Error for an error of obtain.
func faultOf(domain string, err error) *Error {
	f := &Error{Domain: domain, err: err}
	var files *fs.PathError
	var untrusted *tls.CertificateVerificationError
	switch problem := problemOf(err); {
	case problem != nil:
		_, kind, _ := strings.Cut(problem.ProblemType, ":acme:error:")
		known, ok := refusals[kind]
		if !ok {
			known.text, known.try = "the authority answers with an error", "wait; if it lasts, look at the authority's pages of its state"
		}
		f.Text, f.Try, f.refused = known.text, known.try, true
		f.wait, _ = acme.RateLimit(problem)
	case errors.Is(err, errNoCheck):
		f.Text, f.Try, f.refused = "the authority offers no check that glint answers here", "--pixel-http-listen, with port 80 from outside", true
	case errors.As(err, &files):
		f.Text, f.Try = "the certificate cannot be kept", "make $GLINT_HOME/certificates writable, and look for room on its disk"
	case errors.As(err, &untrusted):
		f.Text, f.Try = "the directory's own certificate is not trusted", "--pixel-tls-auto-ca FILE with its authority, if --pixel-tls-auto-directory is yours"
	default:
		f.Text, f.Try = "the directory does not answer", "check --pixel-tls-auto-directory, and that this machine may connect to it"
	}
	return f
}

// problemOf returns the problem document in an error, of the last check if
// there were several, or nil.
func problemOf(err error) *acme.Error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		all := joined.Unwrap()
		for i := len(all) - 1; i >= 0; i-- {
			if p := problemOf(all[i]); p != nil {
				return p
			}
		}
		return nil
	}
	switch e := err.(type) { //nolint:errorlint // it walks the tree of errors itself
	case nil:
		return nil
	case *acme.Error:
		return e
	case *acme.OrderError:
		return e.Problem
	case *acme.AuthorizationError:
		return problemOf(errors.Join(e.Errors...))
	}
	return problemOf(errors.Unwrap(err))
}
