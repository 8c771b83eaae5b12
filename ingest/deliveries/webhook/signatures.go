package webhook

import (
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// The headers of SendGrid's signature.
// https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features
const (
	sendgridSignature = "X-Twilio-Email-Event-Webhook-Signature"
	sendgridTimestamp = "X-Twilio-Email-Event-Webhook-Timestamp"
)

// checkECDSA checks SendGrid's signature of the timestamp and the body.
func checkECDSA(key *ecdsa.PublicKey, p *Post) error {
	signature, err := base64.StdEncoding.DecodeString(p.Header.Get(sendgridSignature))
	if err != nil || len(signature) == 0 {
		return fmt.Errorf("%w: the header %s has no signature", ErrProof, sendgridSignature)
	}
	h := sha256.New()
	h.Write([]byte(p.Header.Get(sendgridTimestamp)))
	h.Write(p.Body)
	if !ecdsa.VerifyASN1(key, h.Sum(nil), signature) {
		return fmt.Errorf("%w: the signature is wrong", ErrProof)
	}
	return nil
}

// maxAge is the validity of Mailgun's signatures; Mailgun retries for eight
// hours.
const maxAge = 24 * time.Hour

// checkHMAC checks Mailgun's signature, which is in an object or in fields of a
// form.
// https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks
func checkHMAC(key []byte, p *Post, now time.Time) error {
	type signed struct {
		Timestamp json.RawMessage `json:"timestamp"`
		Token     string          `json:"token"`
		Signature string          `json:"signature"`
	}
	var wrapped struct {
		Signature signed `json:"signature"`
	}
	s := signed{Token: p.Form["token"], Signature: p.Form["signature"], Timestamp: json.RawMessage(p.Form["timestamp"])}
	if p.Form == nil {
		if json.Unmarshal(p.Body, &wrapped) == nil {
			s = wrapped.Signature
		} else {
			_ = json.Unmarshal(p.Body, &s) // for the older webhooks; stays empty for other bodies
		}
	}
	timestamp := string(s.Timestamp)
	if text, err := strconv.Unquote(timestamp); err == nil {
		timestamp = text
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(timestamp + s.Token))
	sum, err := hex.DecodeString(s.Signature)
	if err != nil || timestamp == "" || s.Token == "" || !hmac.Equal(sum, mac.Sum(nil)) {
		return fmt.Errorf("%w: the signature is wrong or missing", ErrProof)
	}
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if age := now.Sub(time.Unix(seconds, 0)); err != nil || age > maxAge || age < -maxAge {
		return fmt.Errorf("%w: the signature is more than a day old", ErrProof)
	}
	return nil
}
