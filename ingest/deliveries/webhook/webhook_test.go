package webhook

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // SignatureVersion 1 of SNS is SHA-1
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var now = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

const arn = "arn:aws:sns:eu-west-1:123456789012:mail"

// aws answers in the place of AWS and notes what was asked.
type aws struct {
	cert  []byte
	asked []string
	reply func(*http.Request) *http.Response // nil: the certificate
}

func (a *aws) RoundTrip(r *http.Request) (*http.Response, error) {
	a.asked = append(a.asked, r.URL.String())
	if a.reply != nil {
		return a.reply(r), nil
	}
	return response(http.StatusOK, string(a.cert)), nil
}

func response(status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
}

func open(t *testing.T, file string, transport http.RoundTripper) *Sources {
	t.Helper()
	path := filepath.Join(t.TempDir(), "webhooks")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(path, Options{Transport: transport, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func check(t *testing.T, s *Sources, p *Post, ok bool) {
	t.Helper()
	if _, _, err := s.Check(t.Context(), p); (err == nil) != ok || err != nil && !errors.Is(err, ErrProof) {
		t.Errorf("%v, want it to pass: %v", err, ok)
	}
}

func TestASecretInThePathLetsIn(t *testing.T) {
	s := open(t, "# mine\n\npm:postmark:path:first-secret-of-16\npm:postmark:path:second-secret-of-16\n", nil)
	for secret, ok := range map[string]bool{"first-secret-of-16": true, "second-secret-of-16": true, "": false, "first-secret-of-1": false} {
		check(t, s, &Post{Source: "pm", Secret: secret}, ok)
	}
	check(t, s, &Post{Source: "other", Secret: "first-secret-of-16"}, false)
	if !s.Knows("pm") || s.Knows("other") || (*Sources)(nil).Knows("pm") {
		t.Error("the sources are not those of the file")
	}
}

func TestSendGridsSignature(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, "sg:sendgrid:ecdsa:"+base64.StdEncoding.EncodeToString(der)+"\n", nil)
	post := func(signed, sent, timestamp string) *Post {
		sum := sha256.Sum256([]byte("1763632800" + signed))
		signature, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		h := http.Header{}
		h.Set(sendgridSignature, base64.StdEncoding.EncodeToString(signature))
		h.Set(sendgridTimestamp, timestamp)
		return &Post{Source: "sg", Header: h, Body: []byte(sent)}
	}
	check(t, s, post("[{}]\r\n", "[{}]\r\n", "1763632800"), true)
	check(t, s, post("[{}]", "[{} ]", "1763632800"), false)
	check(t, s, post("[{}]", "[{}]", "1763632801"), false)
	check(t, s, &Post{Source: "sg", Header: http.Header{}, Body: []byte("[{}]")}, false)
}

func TestMailgunsSignature(t *testing.T) {
	const key = "key-of-sixteen-and-more"
	s := open(t, "mg:mailgun:hmac:"+key+"\n", nil)
	sign := func(at time.Time) (timestamp, signature string) {
		timestamp = fmt.Sprint(at.Unix())
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write([]byte(timestamp + "token"))
		return timestamp, hex.EncodeToString(mac.Sum(nil))
	}
	for age, ok := range map[time.Duration]bool{0: true, 9 * time.Hour: true, 25 * time.Hour: false, -25 * time.Hour: false} {
		timestamp, signature := sign(now.Add(-age))
		for _, form := range []string{`{"signature":{"timestamp":%q,"token":"token","signature":%q},"event-data":{}}`, `{"timestamp":%q,"token":"token","signature":%q,"event":"x"}`} {
			check(t, s, &Post{Source: "mg", Body: fmt.Appendf(nil, form, timestamp, signature)}, ok)
		}
		check(t, s, &Post{Source: "mg", Form: map[string]string{"timestamp": timestamp, "token": "token", "signature": signature}}, ok)
		check(t, s, &Post{Source: "mg", Form: map[string]string{"timestamp": timestamp, "token": "other", "signature": signature}}, false)
	}
	check(t, s, &Post{Source: "mg", Body: []byte(`{}`)}, false)
}

// signer is a topic with a key of the test's own.
type signer struct {
	key *rsa.PrivateKey
	aws *aws
}

func newSigner(t *testing.T, from, to time.Time) *signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sns.amazonaws.com"}, NotBefore: from, NotAfter: to}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &signer{key, &aws{cert: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}}
}

// message returns a signed message, changed after it was signed.
func (s *signer) message(t *testing.T, version, kind string, before, after func(*envelope)) *Post {
	t.Helper()
	e := envelope{
		Type: kind, MessageID: "m-1", TopicArn: arn, Message: "{}", Timestamp: "2026-11-25T12:00:00.000Z", SignatureVersion: version,
		SigningCertURL: "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem",
	}
	if kind != "Notification" {
		e.Token, e.SubscribeURL = "t", "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=t"
	}
	if before != nil {
		before(&e)
	}
	var err error
	var signature []byte
	if version == "1" {
		sum := sha1.Sum([]byte(e.signed())) //nolint:gosec // as SNS signs
		signature, err = rsa.SignPKCS1v15(rand.Reader, s.key, crypto.SHA1, sum[:])
	} else {
		sum := sha256.Sum256([]byte(e.signed()))
		signature, err = rsa.SignPKCS1v15(rand.Reader, s.key, crypto.SHA256, sum[:])
	}
	if err != nil {
		t.Fatal(err)
	}
	e.Signature = base64.StdEncoding.EncodeToString(signature)
	if after != nil {
		after(&e)
	}
	body, err := json.Marshal(map[string]string{
		"Type": e.Type, "MessageId": e.MessageID, "TopicArn": e.TopicArn, "Subject": e.Subject, "Message": e.Message, "Timestamp": e.Timestamp, "Token": e.Token,
		"SubscribeURL": e.SubscribeURL, "SignatureVersion": e.SignatureVersion, "Signature": e.Signature, "SigningCertURL": e.SigningCertURL,
	})
	if err != nil {
		t.Fatal(err)
	}
	return &Post{Source: "ses", Body: body}
}

func TestMessagesOfATopicAreProvenByItsCertificate(t *testing.T) {
	s := newSigner(t, now.AddDate(0, -1, 0), now.AddDate(0, 1, 0))
	sources := open(t, "ses:ses:sns:"+arn+"\n", s.aws)
	for _, version := range []string{"1", "2"} {
		check(t, sources, s.message(t, version, "Notification", nil, nil), true)
		check(t, sources, s.message(t, version, "Notification", func(e *envelope) { e.Subject = "Hello" }, nil), true)
		for name, change := range map[string]func(*envelope){
			"message": func(e *envelope) { e.Message = `{"x":1}` }, "topic": func(e *envelope) { e.TopicArn += "2" },
			"time": func(e *envelope) { e.Timestamp = "" }, "version": func(e *envelope) { e.SignatureVersion = "3" },
			"signature": func(e *envelope) { e.Signature = "" }, "type": func(e *envelope) { e.Type = "SubscriptionConfirmation" },
		} {
			t.Run(name, func(t *testing.T) { check(t, sources, s.message(t, version, "Notification", nil, change), false) })
		}
	}
	if len(s.aws.asked) != 1 {
		t.Errorf("AWS was asked %d times, want once", len(s.aws.asked))
	}
	check(t, sources, s.message(t, "2", "Notification", func(e *envelope) { e.TopicArn += "2" }, nil), false) // another topic of the same key
}

func TestNothingIsFetchedFromElsewhere(t *testing.T) {
	s := newSigner(t, now.AddDate(0, -1, 0), now.AddDate(0, 1, 0))
	sources := open(t, "ses:ses:sns:"+arn+"\n", s.aws)
	for _, address := range []string{
		"http://sns.eu-west-1.amazonaws.com/x.pem", "https://sns.eu-west-1.amazonaws.com.example.org/x.pem", "https://example.org/x.pem",
		"https://sns.us-east-1.amazonaws.com/x.pem", "https://sns.eu-west-1.amazonaws.com:8443/x.pem", "https://a@sns.eu-west-1.amazonaws.com/x.pem",
		"https://sns.eu-west-1.amazonaws.com/x", "https://example.org#sns.eu-west-1.amazonaws.com/x.pem", "file:///x.pem", "",
	} {
		check(t, sources, s.message(t, "2", "Notification", func(e *envelope) { e.SigningCertURL = address }, nil), false)
	}
	check(t, sources, s.message(t, "2", "Notification", nil, func(e *envelope) { e.TopicArn = "arn:aws:sns:eu-west-1:123456789012:other" }), false)
	if len(s.aws.asked) != 0 {
		t.Errorf("asked %v", s.aws.asked)
	}
	check(t, sources, s.message(t, "2", "SubscriptionConfirmation", func(e *envelope) { e.SubscribeURL = "https://example.org/" }, nil), false)
	if len(s.aws.asked) != 1 {
		t.Errorf("asked %v, want the certificate alone", s.aws.asked)
	}
}

func TestASubscriptionIsConfirmed(t *testing.T) {
	s := newSigner(t, now.AddDate(0, -1, 0), now.AddDate(0, 1, 0))
	sources := open(t, "ses:ses:sns:"+arn+"\n", s.aws)
	if _, handled, err := sources.Check(t.Context(), s.message(t, "2", "SubscriptionConfirmation", nil, nil)); !handled || err != nil {
		t.Errorf("%v %v", handled, err)
	}
	if len(s.aws.asked) != 2 || !strings.Contains(s.aws.asked[1], "ConfirmSubscription") {
		t.Errorf("asked %v", s.aws.asked)
	}
}

func TestRedirectsAndLongAnswersAreNotFollowed(t *testing.T) {
	for name, answer := range map[string]func() *http.Response{
		"redirect": func() *http.Response {
			r := response(http.StatusFound, "")
			r.Header.Set("Location", "https://example.org/x.pem")
			return r
		},
		"long":  func() *http.Response { return response(http.StatusOK, strings.Repeat("x", 2*maxFetchBytes)) },
		"error": func() *http.Response { return response(http.StatusInternalServerError, "") },
	} {
		s := newSigner(t, now.AddDate(0, -1, 0), now.AddDate(0, 1, 0))
		s.aws.reply = func(*http.Request) *http.Response { return answer() }
		_, _, err := open(t, "ses:ses:sns:"+arn+"\n", s.aws).Check(t.Context(), s.message(t, "2", "Notification", nil, nil))
		if !errors.Is(err, ErrFetch) || len(s.aws.asked) != 1 {
			t.Errorf("%s: %v, asked %v", name, err, s.aws.asked)
		}
	}
}

func TestAnOldCertificateProvesNothing(t *testing.T) {
	s := newSigner(t, now.AddDate(-2, 0, 0), now.AddDate(-1, 0, 0))
	check(t, open(t, "ses:ses:sns:"+arn+"\n", s.aws), s.message(t, "2", "Notification", nil, nil), false)
}

func TestFaultyFilesAreRefusedWithoutTheirSecrets(t *testing.T) {
	const secret = "Ssecret-of-sixteen"
	for _, line := range []string{
		"x:ses:path", "X Y:ses:path:" + secret, "x:nothing:path:" + secret, "x:ses:nothing:" + secret, "x:ses:path:short", "x:ses:path:" + secret + "/y",
		"x:sendgrid:ecdsa:" + secret, "x:ses:sns:" + secret, "x:mailgun:hmac:short", "x:ses:path:" + secret + "\nx:csv:path:" + secret,
	} {
		_, err := parse([]byte(line))
		if !errors.Is(err, ErrFile) || strings.Contains(err.Error(), "Ssecret") {
			t.Errorf("%q: %v", line, err)
		}
	}
	path := filepath.Join(t.TempDir(), "webhooks")
	if err := os.WriteFile(path, []byte("x:ses:path:"+secret), 0o644); err != nil { //nolint:gosec // too loose, on purpose
		t.Fatal(err)
	}
	if _, err := Open(path, Options{}); !errors.Is(err, ErrFile) {
		t.Errorf("a file for everybody: %v", err)
	}
}
