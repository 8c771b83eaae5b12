package embedded

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"net/url"
	"strings"
)

// ClickHouse's codes and names of errors that the proxy itself returns
// (src/Common/ErrorCodes.cpp).
const (
	codeBadArguments         = 36
	codeRequiredPassword     = 194
	codeTooManyQueries       = 202
	codeNetworkError         = 210
	codeTooManyBytes         = 307
	codeAuthenticationFailed = 516
)

// refusal is an answer of the proxy in the engine's form.
type refusal struct {
	status  int
	code    int
	name    string
	message string
}

// account is a name and a password as a client sent them.
type account struct{ name, password string }

// authenticator checks credentials. The engine checks again, but sees only
// requests that passed here, with exactly one name and password.
type authenticator struct {
	passwords map[string][sha256.Size]byte
}

func newAuthenticator(users []User) *authenticator {
	d := &authenticator{passwords: map[string][sha256.Size]byte{}}
	for _, user := range users {
		d.passwords[user.Name] = sha256.Sum256([]byte(user.Password))
	}
	return d
}

// admit returns the account of the request, or a refusal.
func (d *authenticator) admit(header http.Header, query url.Values) (account, *refusal) {
	found, refused := accounts(header, query)
	if refused != nil {
		return account{}, refused
	}
	if len(found) == 0 || found[0].name == "" {
		return account{}, unauthorized(codeRequiredPassword, "REQUIRED_PASSWORD", "a user name and a password are required")
	}
	who := found[0]
	for _, other := range found[1:] {
		if other != who {
			return account{}, badRequest("the request names more than one account")
		}
	}
	if strings.EqualFold(who.name, reservedUser) {
		return account{}, unauthorized(codeAuthenticationFailed, "AUTHENTICATION_FAILED", "the user "+reservedUser+" is not for clients")
	}
	want, known := d.passwords[who.name]
	got := sha256.Sum256([]byte(who.password))
	if subtle.ConstantTimeCompare(want[:], got[:]) != 1 || !known {
		return account{}, &refusal{
			http.StatusForbidden, codeAuthenticationFailed, "AUTHENTICATION_FAILED",
			"Authentication failed: password is incorrect, or there is no user with such name",
		}
	}
	return who, nil
}

// accounts collects the accounts from each place where a request can name one:
// Authorization, X-ClickHouse-User with -Key, and the parameters user and
// password.
func accounts(header http.Header, query url.Values) ([]account, *refusal) {
	var found []account
	switch values := header.Values("Authorization"); {
	case len(values) > 1:
		return nil, badRequest("more than one Authorization header")
	case len(values) == 1:
		request := http.Request{Header: header}
		name, password, ok := request.BasicAuth()
		if !ok {
			return nil, unauthorized(codeAuthenticationFailed, "AUTHENTICATION_FAILED", "the Authorization header is not Basic")
		}
		found = append(found, account{name, password})
	}
	pairs := []struct{ names, passwords []string }{
		{header.Values("X-ClickHouse-User"), header.Values("X-ClickHouse-Key")},
		{valuesFold(query, "user"), valuesFold(query, "password")},
	}
	for _, pair := range pairs {
		if len(pair.names) > 1 || len(pair.passwords) > 1 {
			return nil, badRequest("the user or password is there twice")
		}
		if len(pair.names)+len(pair.passwords) > 0 {
			found = append(found, account{strings.Join(pair.names, ""), strings.Join(pair.passwords, "")})
		}
	}
	return found, nil
}

// valuesFold returns the values of a parameter, ignoring case.
func valuesFold(query url.Values, name string) []string {
	var values []string
	for key, some := range query {
		if strings.EqualFold(key, name) {
			values = append(values, some...)
		}
	}
	return values
}

// dropAccount removes the parameters that name an account.
func dropAccount(query url.Values) {
	for key := range query {
		if strings.EqualFold(key, "user") || strings.EqualFold(key, "password") {
			delete(query, key)
		}
	}
}

func unauthorized(code int, name, message string) *refusal {
	return &refusal{http.StatusUnauthorized, code, name, message}
}

func badRequest(message string) *refusal {
	return &refusal{http.StatusBadRequest, codeBadArguments, "BAD_ARGUMENTS", message}
}
