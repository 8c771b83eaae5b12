package sqltest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"glint/ingest/sends"
	"glint/ingest/warehouse/enginetest"
	"glint/schema"
)

// TestProvidersAgreeOnEveryDomain registers a message for each known domain and for
// domains near them: the view of the families, the strata of the program and the
// comparison of measured messages name the same provider.
func TestProvidersAgreeOnEveryDomain(t *testing.T) {
	w := enginetest.Open(t)
	w.Empty(t)
	text := func(statement string) string { return w.Text(t, enginetest.WarehouseUser, statement, nil) }
	want := map[string]int{}
	domains := []string{"example.com", "notgmail.com", "gmail.com.example", "yahoo.example", ""}
	for line := range strings.Lines(text("SELECT domain, provider, family FROM mailbox_providers")) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		domain, provider, family := fields[0], fields[1], fields[2]
		if slices.Contains(domains, domain) {
			t.Errorf("%s is listed twice", domain)
		}
		domains = append(domains, domain)
		if got := schema.MailboxProvider(domain); got != provider {
			t.Errorf("%s is of %q, want %q", domain, got, provider)
		}
		if got := sends.Provider("ada@" + domain); got != family {
			t.Errorf("%s is in stratum %q, want %q", domain, got, family)
		}
	}
	var rows []string
	for i, domain := range domains {
		recipient := strings.TrimSuffix("ada@"+domain, "@")
		want[sends.Provider(recipient)]++
		rows = append(rows, fmt.Sprintf("(5, toUUID('00000000-0000-4000-8000-%012d'), '%s', '%s')", i, recipient, domain))
	}
	text("INSERT INTO campaigns (campaign_id, name, created_at, id_key) VALUES (5, 'spring', now64(3), '')")
	text("INSERT INTO sends (campaign_id, message_id, recipient, domain) VALUES " + strings.Join(rows, ", "))
	got := text("SELECT concat(value, ' ', toString(measured)) FROM measured_and_rest WHERE campaign_id = 5 AND fact = 'provider' ORDER BY value")
	for family, count := range want {
		if !strings.Contains("\n"+got, fmt.Sprintf("\n%s %d\n", family, count)) {
			t.Errorf("%d messages are %s, but measured_and_rest has\n%s", count, family, got)
		}
	}
	if len(want) != 6 || strings.Count(got, "\n") != 6 {
		t.Errorf("families %v, in the view\n%s", want, got)
	}
}
