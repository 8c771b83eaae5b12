package e2e_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// openMany opens a pixel n times over a few connections; each gets its image.
func openMany(t *testing.T, url string, n int) {
	t.Helper()
	address, path, _ := strings.Cut(strings.TrimPrefix(url, "http://"), "/")
	const connections = 10
	var wg sync.WaitGroup
	for range connections {
		wg.Go(func() {
			c, err := net.Dial("tcp", address)
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = c.Close() }()
			r := bufio.NewReader(c)
			for range n / connections {
				_, err := fmt.Fprintf(c, "GET /%s HTTP/1.1\r\nHost: h\r\nUser-Agent: Mozilla/5.0\r\n\r\n", path)
				if err != nil {
					t.Error(err)
					return
				}
				answer, err := http.ReadResponse(r, nil)
				if err != nil || answer.StatusCode != http.StatusOK {
					t.Errorf("no image: %v, %v", answer, err)
					return
				}
				_, _ = io.Copy(io.Discard, answer.Body)
			}
		})
	}
	wg.Wait()
}

// TestAnsweredOpensOnAFullDiskAreStoredOrCounted fills the log's disk under a
// running glint, and ends it while the pixel goes on answering.
func TestAnsweredOpensOnAFullDiskAreStoredOrCounted(t *testing.T) {
	const before, during = 1000, 20_000
	for _, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			home := newHome(t)
			disk := newTightDisk(t, home)
			i := up(t, home)
			url := register(t, i, i.pixel, "token", 1)[0].url
			stored := func(i *instance) int {
				n, err := strconv.Atoi(strings.TrimSpace(query(t, i, "SELECT uniqExact(event_id) FROM opens")))
				if err != nil {
					t.Fatal(err)
				}
				return n
			}
			openMany(t, url, before)
			eventually(t, "the first opens to be stored", func() bool { return stored(i) == before })
			disk.fill(t, i, 0)
			openMany(t, url, during)
			eventually(t, "opens to wait in memory", func() bool { return i.metrics(t)["glint_pixel_pending_bytes"] > 0 })
			lost := "opens were answered and could not be stored"
			began := time.Now()
			code := i.stop(t, signal)
			t.Logf("the end took %v", time.Since(began).Round(time.Millisecond))
			if signal == syscall.SIGTERM && (code != 0 || !strings.Contains(i.stderr.String(), lost)) {
				t.Errorf("SIGTERM on a full disk: exit code %d, want 0 and %q on stderr", code, lost)
			}

			disk.room(t, i)
			again := up(t, home)
			var n, counted int
			eventually(t, "each open to be stored or counted", func() bool {
				n, counted = stored(again), int(again.metrics(t)["glint_pixel_events_lost_total"])
				return n+counted >= before+during
			})
			t.Logf("%v: %d opens answered, %d stored, %d lost and counted", signal, before+during, n, counted)
			if n+counted != before+during || disk.real && n <= before || counted == 0 {
				t.Errorf("%d of %d opens are stored, %d are counted as lost", n, before+during, counted)
			}
		})
	}
}
