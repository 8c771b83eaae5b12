package acmecert

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"glint/ingest/host/atomicfile"
	"glint/ingest/host/reload"
)

// store keeps the account and certificates of one directory: account.pem is the
// account's key, DOMAIN.pem the key and chain of a certificate. So certificates
// of a staging directory, which no client trusts, are never used for another.
type store string

// accountFile cannot be a domain's file, whose name has a dot before the
// extension.
const accountFile = "account.pem"

func openStore(dir, directory string) (store, error) {
	_, place, _ := strings.Cut(directory, "://")
	place = strings.Map(func(r rune) rune {
		if strings.ContainsRune("/:?&%", r) {
			return '-'
		}
		return r
	}, place)
	s := store(filepath.Join(dir, place))
	if err := os.MkdirAll(string(s), 0o700); err != nil {
		return "", fmt.Errorf("acmecert: make the folder of certificates: %w", err)
	}
	return s, nil
}

func (s store) path(file string) string { return filepath.Join(string(s), file) }

// read returns a file's content, or nil if it is missing.
func (s store) read(file string) ([]byte, error) {
	path := s.path(file)
	err := reload.CheckPrivate(path, 0o077)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var content []byte
	if err == nil {
		content, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("acmecert: %w", err)
	}
	return content, nil
}

// account returns the account's key, which it creates once.
func (s store) account() (crypto.Signer, error) {
	content, err := s.read(accountFile)
	if err != nil {
		return nil, err
	}
	if content != nil {
		if block, _ := pem.Decode(content); block != nil {
			if key, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
				if signer, ok := key.(crypto.Signer); ok {
					return signer, nil
				}
			}
		}
		return nil, fmt.Errorf("%w: %s holds no key; remove it, then a new account is made", ErrConfig, s.path(accountFile))
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	if content, err = keyPEM(key); err != nil {
		return nil, err
	}
	if err := atomicfile.WriteFile(s.path(accountFile), content); err != nil {
		return nil, fmt.Errorf("acmecert: keep the account's key: %w", err)
	}
	return key, nil
}

// certificate returns the stored certificate of a domain, or nil if there is no
// usable one, so that a new one is ordered.
func (s store) certificate(domain string) (*tls.Certificate, error) {
	content, err := s.read(domain + ".pem")
	if err != nil || content == nil {
		return nil, err
	}
	pair, err := pairOf(domain, content)
	if err != nil {
		return nil, nil //nolint:nilerr // a damaged file is replaced
	}
	return pair, nil
}

// keep stores an issued certificate and returns it.
func (s store) keep(domain string, key *ecdsa.PrivateKey, chain [][]byte) (*tls.Certificate, error) {
	content, err := keyPEM(key)
	if err != nil {
		return nil, err
	}
	for _, der := range chain {
		content = append(content, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	pair, err := pairOf(domain, content)
	if err != nil {
		return nil, fmt.Errorf("the authority's certificate does not fit: %w", err)
	}
	if err := atomicfile.WriteFile(s.path(domain+".pem"), content); err != nil {
		return nil, fmt.Errorf("keep the certificate: %w", err)
	}
	return pair, nil
}

func pairOf(domain string, content []byte) (*tls.Certificate, error) {
	content = bytes.TrimSpace(content)
	pair, err := tls.X509KeyPair(content, content)
	if err != nil {
		return nil, err
	}
	return &pair, pair.Leaf.VerifyHostname(domain)
}

func keyPEM(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}
