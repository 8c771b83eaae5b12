package warehouse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
)

func TestWhichErrorsAreWorthAnotherTry(t *testing.T) {
	code := func(c int32) error { return &clickhouse.Exception{Code: c} }
	for _, c := range []struct {
		name string
		err  error
		want bool
	}{
		{"none", nil, false},
		{"canceled", context.Canceled, false},
		{"a deadline", context.DeadlineExceeded, true},
		{"nobody answers", &net.OpError{Op: "dial", Err: errors.New("refused")}, true},
		{"a broken connection", io.ErrUnexpectedEOF, true},
		{"no schema yet", ErrNoSchema, true},
		{"something new", errors.New("unheard of"), true},
		{"an unknown code", code(99999), true},
		{"too many parts", code(252), true},
		{"memory limit", code(241), true},
		{"disk full", code(243), true},
		{"timeout", code(159), true},
		{"half a stream", code(33), true},
		{"table missing", code(60), true},
		{"access denied", code(497), true},
		{"wrong password", code(516), true},
		{"text for a number", code(6), false},
		{"wrong type", code(53), false},
		{"an impossible number", code(72), false},
		{"broken data", code(117), false},
		{"an enum's unknown value", code(691), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if Retryable(c.err) != c.want {
				t.Errorf("want %v", c.want)
			}
			if c.err != nil && Retryable(fmt.Errorf("insert: %w", c.err)) != c.want {
				t.Errorf("wrapped: want %v", c.want)
			}
		})
	}
}

func TestErrorsNeverShowThePassword(t *testing.T) {
	const secret = "hunter2-secret"
	other := httptest.NewServer(http.NotFoundHandler()) // no ClickHouse at all
	defer other.Close()
	host := strings.TrimPrefix(other.URL, "http://")
	for name, dsn := range map[string]string{
		"no scheme":             "glint:" + secret + "@host:8123",
		"no host":               "http://glint:" + secret + "@",
		"a broken escape":       "http://glint:" + secret + "%zz@host/glint",
		"an unknown scheme":     "mysql://glint:" + secret + "@host/glint",
		"a parameter's value":   "http://glint:" + secret + "@host/glint?dial_timeout=" + secret,
		"a broken port":         "http://glint:" + secret + "@host:port/glint",
		"a control character":   "http://glint:" + secret + "@ho\x7fst/glint",
		"nobody there":          "http://glint:" + secret + "@127.0.0.1:1/glint",
		"nobody there, native":  "clickhouse://glint:" + secret + "@127.0.0.1:1/glint",
		"password as parameter": "http://127.0.0.1:1/glint?username=glint&password=" + secret,
		"another server":        "http://glint:" + secret + "@" + host + "/glint",
	} {
		t.Run(name, func(t *testing.T) {
			w, err := Connect(t.Context(), dsn)
			if err == nil {
				_ = w.Close()
				t.Fatal("connected")
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestUnusableAddresses(t *testing.T) {
	for _, dsn := range []string{"", "host:8123", "http://", "http://%zz/", "http://host/glint?dial_timeout=soon"} {
		if _, err := parseDSN(dsn); !errors.Is(err, ErrDSN) {
			t.Errorf("%q: %v", dsn, err)
		}
	}
}

func TestDatabaseIsGlintUnlessSaid(t *testing.T) {
	for dsn, want := range map[string]string{
		"http://host:8123": "glint", "http://host:8123/": "glint", "clickhouse://host:9000": "glint", "http://host:8123/other": "other",
	} {
		options, err := parseDSN(dsn)
		if err != nil || options.Auth.Database != want {
			t.Errorf("%s: %+v, %v", dsn, options, err)
		}
	}
}

func TestCloudAddressMeansTLS(t *testing.T) {
	for dsn, want := range map[string]string{
		"https://default:pw@abc.eu-central-1.aws.clickhouse.cloud:8443":       "abc.eu-central-1.aws.clickhouse.cloud:8443",
		"https://default:pw@abc.eu-central-1.aws.clickhouse.cloud":            "abc.eu-central-1.aws.clickhouse.cloud:8443",
		"https://default:pw@abc.clickhouse.cloud:443/glint?secure=true":       "abc.clickhouse.cloud:443",
		"https://default:pw@abc.clickhouse.cloud/glint?dial_timeout=5s":       "abc.clickhouse.cloud:8443",
		"https://default:pw@[2001:db8::1]/glint":                              "[2001:db8::1]:8443",
		"https://default:pw@abc.clickhouse.cloud/glint?skip_verify=true":      "abc.clickhouse.cloud:8443",
		"https://default:p%40w@abc.clickhouse.cloud/?max_execution_time=60":   "abc.clickhouse.cloud:8443",
		"https://abc.clickhouse.cloud:8443/glint?username=default&password=x": "abc.clickhouse.cloud:8443",
	} {
		options, err := parseDSN(dsn)
		switch {
		case err != nil:
			t.Errorf("%s: %v", dsn, err)
		case options.TLS == nil || options.Protocol != clickhouse.HTTP:
			t.Errorf("%s: without TLS or not over HTTP", dsn)
		case options.TLS.InsecureSkipVerify != strings.Contains(dsn, "skip_verify"):
			t.Errorf("%s: certificates are not verified", dsn)
		case len(options.Addr) != 1 || options.Addr[0] != want || options.Auth.Database != "glint":
			t.Errorf("%s: %v, database %s", dsn, options.Addr, options.Auth.Database)
		}
	}
}
