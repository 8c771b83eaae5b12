package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestTheEdgeProgramFollowsTheKeys rotates the signing key while the edge program
// answers in the emulator: it checks tokens of the new key by itself.
func TestTheEdgeProgramFollowsTheKeys(t *testing.T) {
	archive := t.TempDir() // it holds lines as the edge wrote them
	i := up(t, newHome(t), "--archive", archive, "--archive-interval", "200ms", "--edge", "--edge-wasm", wasm)
	before := register(t, i, i.pixel, "token", 1)
	fetch := func(address string) {
		t.Helper()
		eventually(t, "an answer of the edge program", func() bool { // none for as long as it starts anew
			client := http.Client{Timeout: 10 * time.Second}
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("User-Agent", browser)
			answer, err := client.Do(r)
			if err != nil {
				return false
			}
			_ = answer.Body.Close()
			return answer.StatusCode == http.StatusOK
		})
	}
	valid := func(want int) {
		t.Helper()
		eventually(t, fmt.Sprintf("%d lines whose token the edge has checked", want), func() bool {
			lines := archivedLines(t, archive)
			for _, line := range lines {
				if !strings.Contains(line, `"token_status":"valid"`) {
					t.Fatalf("the edge has not checked the token of %s", line)
				}
			}
			return len(lines) == want
		})
	}
	fetch(before[0].url)
	valid(1)
	i.must(t, "keys", "new")
	eventually(t, "the edge program to start anew", func() bool { return strings.Contains(i.stderr.String(), "the edge program starts anew") })
	after := register(t, i, i.pixel, "token", 1)
	fetch(after[0].url)
	fetch(before[0].url)
	valid(3)
}
