package sends

import (
	"errors"
	"net/url"
	"strings"
	"testing"
)

func TestRecipientsInParametersOfURLs(t *testing.T) {
	for value, want := range map[string]string{
		"ada@example.com": "ada@example.com", " ADA@Example.com\u200b": "ada@example.com", "ada%40example.com": "ada@example.com", "ada%2Bnews%40example.com": "ada+news@example.com",
		"ada news@example.com": "ada+news@example.com", "mailto:ada@example.com": "ada@example.com", "<ada@example.com>": "ada@example.com", "ada@example.com\"": "ada@example.com",
		"ada@example.com.": "ada@example.com", "ada@example.com);": "ada@example.com", "'ada@example.com'": "ada@example.com", "\"ada b\"@example.com": "\"ada b\"@example.com",
		"12345": "12345", "customer 17": "customer 17", "[17] of 20": "[17] of 20", "100%": "100%", "a%20b": "a%20b", "x": "x",
	} {
		if got, err := FromURL(value); err != nil || got != want {
			t.Errorf("%q: %q, %v; want %q", value, got, err, want)
		}
	}
	for _, value := range []string{
		"", " ", "{{ email }}", "{{{email}}}", "{{contact.email | lower}}", "*|EMAIL|*", "%%email%%", "%%=v(@email)=%%", "[email]", "[Contact: Email]", "{email}", "%email%", "%recipient.email%",
		"#EMAIL#", "${email}", "<%= email %>", "%7B%7Bemail%40%7D%7D", "undefined", "NULL", "n/a", "ada@example.com,bob@example.com", "ada@bob@example.com", "ada@", "@example.com",
	} {
		if got, err := FromURL(value); !errors.Is(err, ErrRecipient) {
			t.Errorf("%q: %q, %v; want ErrRecipient", value, got, err)
		}
	}
}

// FuzzFromURL checks that a result is normalized, and the result for itself.
func FuzzFromURL(f *testing.F) {
	for _, value := range []string{"ada%40example.com", "<ada@example.com>", "{{x}}", "\"a b\"@c", "\u200bA@B.c.", "ä@ö.example"} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		got, err := FromURL(value)
		if err != nil {
			return
		}
		if normal, err := Normalize(got); err != nil || normal != got {
			t.Errorf("%q gives %q, whose normal form is %q, %v", value, got, normal, err)
		}
	})
}

// A query's + is a blank, and no address has one: where an address was written without
// encoding, the blank was its +. In any other recipient it stays a blank.
func TestThePlusOfAnAddressIsFoundAgain(t *testing.T) {
	for _, written := range []string{"ada+news", "ada+a+b", "a++b", "+ada", "x.y+z-1"} {
		for _, domain := range []string{"example.com", "sub.example.co.uk"} {
			address := strings.TrimLeft(written, "+") + "@" + domain // no one's address begins with a blank
			for _, query := range []string{
				"r=" + written + "@" + domain, "r=" + written + "%40" + domain, "r=" + url.QueryEscape(address), "r=%20" + url.QueryEscape(address) + "+",
			} {
				values, err := url.ParseQuery(query)
				if err != nil {
					t.Fatal(err)
				}
				if got, err := FromURL(values.Get("r")); err != nil || got != address {
					t.Errorf("%s: %q, %v; want %q", query, got, err, address)
				}
			}
		}
	}
	for query, want := range map[string]string{"r=customer+17": "customer 17", "r=customer%2B17": "customer+17", "r=+17+": "17"} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := FromURL(values.Get("r")); err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", query, got, err, want)
		}
	}
}
