package webhook

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // SignatureVersion 1 of SNS is SHA-1
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"
)

// envelope is a message of SNS.
// https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
type envelope struct {
	Type, MessageID, Token, TopicArn, Subject, Message, SubscribeURL, Timestamp string
	SignatureVersion, Signature, SigningCertURL                                 string
}

// topic matches the ARN of a topic, with partition and region as groups.
var topic = regexp.MustCompile(`^arn:(aws|aws-cn|aws-us-gov):sns:([a-z]{2}(?:-[a-z]+)+-\d):\d{12}:[\w.-]{1,256}$`)

// topicHost returns AWS' host for a topic.
func topicHost(arn string) (string, error) {
	m := topic.FindStringSubmatch(arn)
	if m == nil {
		return "", errors.New("the topic is no ARN like arn:aws:sns:eu-west-1:123456789012:mail")
	}
	host := "sns." + m[2] + ".amazonaws.com"
	if m[1] == "aws-cn" {
		host += ".cn"
	}
	return host, nil
}

// sns checks messages of SNS.
type sns struct {
	client *http.Client
	now    func() time.Time

	mu    sync.Mutex
	certs map[string]*x509.Certificate // by URL; from AWS' hosts only
}

const (
	fetchTimeout  = 10 * time.Second
	maxFetchBytes = 64 << 10
	maxCerts      = 64
)

func newSNS(transport http.RoundTripper, now func() time.Time) *sns {
	if transport == nil {
		transport = &http.Transport{TLSHandshakeTimeout: fetchTimeout, MaxIdleConns: 2, IdleConnTimeout: time.Minute}
	}
	return &sns{now: now, certs: map[string]*x509.Certificate{}, client: &http.Client{
		Transport: transport, Timeout: fetchTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// check checks the signature of a message for a topic. It confirms the topic's
// subscription if the message asks for that.
func (s *sns) check(ctx context.Context, arn string, body []byte) (handled bool, err error) {
	var e envelope
	if json.Unmarshal(body, &e) != nil || e.TopicArn != arn {
		return false, fmt.Errorf("%w: it is no message of the topic", ErrProof)
	}
	host, err := topicHost(arn)
	if err != nil {
		return false, err
	}
	cert, err := s.certificate(ctx, host, e.SigningCertURL)
	if err != nil {
		return false, err
	}
	if err := e.verify(cert); err != nil {
		return false, err
	}
	switch e.Type {
	case "Notification":
		return false, nil
	case "SubscriptionConfirmation":
		_, err := s.fetch(ctx, host, e.SubscribeURL)
		return true, err
	}
	return true, nil // the subscription was ended
}

// verify checks the signature with the certificate's key.
func (e *envelope) verify(cert *x509.Certificate) error {
	signature, err := base64.StdEncoding.DecodeString(e.Signature)
	key, ok := cert.PublicKey.(*rsa.PublicKey)
	if err != nil || !ok {
		return fmt.Errorf("%w: the signature cannot be read", ErrProof)
	}
	text := e.signed()
	switch e.SignatureVersion {
	case "1":
		sum := sha1.Sum([]byte(text)) //nolint:gosec // as SNS signs
		err = rsa.VerifyPKCS1v15(key, crypto.SHA1, sum[:], signature)
	case "2":
		sum := sha256.Sum256([]byte(text))
		err = rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature)
	default:
		return fmt.Errorf("%w: the version of the signature is unknown", ErrProof)
	}
	if err != nil {
		return fmt.Errorf("%w: the signature is wrong", ErrProof)
	}
	return nil
}

// signed returns the text that SNS signs.
func (e *envelope) signed() string {
	fields := [][2]string{{"Message", e.Message}, {"MessageId", e.MessageID}}
	if e.Type == "Notification" {
		if e.Subject != "" {
			fields = append(fields, [2]string{"Subject", e.Subject})
		}
		fields = append(fields, [2]string{"Timestamp", e.Timestamp})
	} else {
		fields = append(fields, [2]string{"SubscribeURL", e.SubscribeURL}, [2]string{"Timestamp", e.Timestamp}, [2]string{"Token", e.Token})
	}
	fields = append(fields, [2]string{"TopicArn", e.TopicArn}, [2]string{"Type", e.Type})
	var b strings.Builder
	for _, f := range fields {
		b.WriteString(f[0] + "\n" + f[1] + "\n")
	}
	return b.String()
}

// certificate returns the certificate at an address on host, which is fetched
// once. It is trusted because TLS has proven the host to be AWS'.
func (s *sns) certificate(ctx context.Context, host, address string) (*x509.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock() // only one fetch at a time
	cert := s.certs[address]
	if cert == nil {
		if u, err := url.Parse(address); err != nil || !strings.HasSuffix(u.Path, ".pem") {
			return nil, fmt.Errorf("%w: the address of the certificate is not AWS'", ErrProof)
		}
		text, err := s.fetch(ctx, host, address)
		if err != nil {
			return nil, err
		}
		block, _ := pem.Decode(text)
		if block == nil {
			return nil, fmt.Errorf("%w: the certificate cannot be read", ErrProof)
		}
		if cert, err = x509.ParseCertificate(block.Bytes); err != nil {
			return nil, fmt.Errorf("%w: the certificate cannot be read", ErrProof)
		}
		if len(s.certs) == maxCerts {
			clear(s.certs)
		}
		s.certs[address] = cert
	}
	if u, err := url.Parse(address); err != nil || u.Host != host {
		return nil, fmt.Errorf("%w: the address of the certificate is not AWS'", ErrProof)
	}
	if now := s.now(); now.Before(cert.NotBefore) || now.After(cert.NotAfter) {
		return nil, fmt.Errorf("%w: the certificate is not valid now", ErrProof)
	}
	return cert, nil
}

// ErrFetch is wrapped by errors about fetching from AWS. The post may be
// repeated.
var ErrFetch = errors.New("webhook: not fetched from AWS")

// fetch gets an address on exactly that host, over HTTPS, without following
// redirects.
func (s *sns) fetch(ctx context.Context, host, address string) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host != host || u.User != nil || u.Fragment != "" {
		return nil, fmt.Errorf("%w: the address is not on %s", ErrProof, host)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("%w: the address cannot be read", ErrProof)
	}
	response, err := s.client.Do(request)
	if err != nil {
		return nil, ErrFetch // its text contains the address, whose query is a secret
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w: %s answered %d", ErrFetch, host, response.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, maxFetchBytes+1))
	if err != nil || len(text) > maxFetchBytes {
		return nil, fmt.Errorf("%w: the answer is cut off or too long", ErrFetch)
	}
	return text, nil
}
