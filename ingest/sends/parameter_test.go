package sends

import (
	"errors"
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
