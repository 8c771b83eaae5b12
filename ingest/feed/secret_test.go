package feed

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// TestSignature is the example of the specification's own libraries.
// https://github.com/standard-webhooks/standard-webhooks/blob/main/libraries/go/webhook_test.go
func TestSignature(t *testing.T) {
	secrets, err := ParseSecrets("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")
	if err != nil {
		t.Fatal(err)
	}
	got := sign(secrets, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("signature %s, want %s", got, want)
	}
}

func TestSecrets(t *testing.T) {
	one, two := NewSecret(), NewSecret()
	all, err := ParseSecrets("# for now\n" + one.String() + "\n\n" + two.String())
	if err != nil || len(all) != 2 || all[0].String() != one.String() || all[1].String() != two.String() {
		t.Errorf("read %d secrets, %v", len(all), err)
	}
	if got := sign(all, "id", time.Unix(1, 0), nil); strings.Count(got, "v1,") != 2 || strings.Count(got, " ") != 1 {
		t.Errorf("two secrets sign %q", got)
	}
	for _, text := range []string{"", "# none", one.String()[1:], "whsec_short", "whsec_" + strings.Repeat("A", 100), one.String() + "\nx"} {
		if _, err := ParseSecrets(text); !errors.Is(err, ErrSecret) || len(text) > 20 && strings.Contains(err.Error(), text[:20]) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
