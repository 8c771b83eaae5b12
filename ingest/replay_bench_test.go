package ingest

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"glint/ingest/receiver/linegen"
)

// The load of BenchmarkLiveLagBesideReplay.
const (
	liveLines      = 100 // of a body, every livePeriod
	livePeriod     = 100 * time.Millisecond
	liveBodies     = 150
	replayLines    = 1_500_000
	distinctReplay = 30
)

// BenchmarkLiveLagBesideReplay posts live lines at a steady pace and reports how
// long it takes until they can be queried: alone, and while an archive is posted
// to the other lane as fast as it goes.
func BenchmarkLiveLagBesideReplay(b *testing.B) {
	for _, replay := range []bool{false, true} {
		b.Run(fmt.Sprintf("replay=%t", replay), func(b *testing.B) {
			for b.Loop() {
				e := newEngine(b)
				s := runService(b, b.TempDir(), e.dsn, nil)
				var archive sync.WaitGroup
				stop := make(chan struct{})
				if replay {
					archive.Go(func() { postReplay(b, s, stop) })
				}
				lags := liveLags(b, e, s)
				close(stop)
				archive.Wait()
				slices.Sort(lags)
				b.ReportMetric(lags[len(lags)/2].Seconds(), "p50_s")
				b.ReportMetric(lags[len(lags)*99/100].Seconds(), "p99_s")
				b.ReportMetric(lags[len(lags)-1].Seconds(), "max_s")
				m := s.metrics(b)
				b.ReportMetric(m[`glint_batch_inserted_rows_total{lane="replay"}`], "replayed_rows")
				s.stop()
				e.stop(b)
			}
		})
	}
}

// liveLags posts and returns the duration of each body.
func liveLags(b *testing.B, e *testEngine, s *service) (lags []time.Duration) {
	b.Helper()
	body := linegen.Body(777, liveLines*liveBodies)
	opened, err := testRing(b).Open(eventsOf(b, body[:bytes.IndexByte(body, '\n')+1])[0].Token)
	if err != nil {
		b.Fatal(err)
	}
	var mu sync.Mutex
	var posted []time.Time
	go func() {
		next := time.Now()
		for lines := slices.Collect(bytes.Lines(body)); len(lines) > 0; lines = lines[liveLines:] {
			part := bytes.Join(lines[:liveLines], nil)
			at := time.Now()
			if status, answer, _ := postBody(b, s.Ingest, part); status != http.StatusOK {
				b.Errorf("status %d: %s", status, answer)
				return
			}
			mu.Lock()
			posted = append(posted, at)
			mu.Unlock()
			next = next.Add(livePeriod)
			time.Sleep(time.Until(next))
		}
	}()
	for deadline := time.Now().Add(2 * patience); len(lags) < liveBodies; time.Sleep(50 * time.Millisecond) {
		there := e.count(b, fmt.Sprintf("SELECT count() FROM opens WHERE campaign_id = %d", opened.Campaign))
		now := time.Now()
		mu.Lock()
		for len(lags) < there/liveLines && len(lags) < len(posted) {
			lags = append(lags, now.Sub(posted[len(lags)]))
		}
		mu.Unlock()
		if now.After(deadline) {
			b.Fatalf("%d live lines are there after %v", there, 2*patience)
		}
	}
	return lags
}

// postReplay posts an archive as fast as it goes.
func postReplay(b *testing.B, s *service, stop <-chan struct{}) {
	b.Helper()
	var bodies [][]byte
	for seed := range uint64(distinctReplay) {
		bodies = append(bodies, linegen.Body(seed, benchLines))
	}
	for n := range replayLines / benchLines {
		select {
		case <-stop:
			return
		default:
		}
		r, err := http.NewRequest(http.MethodPost, s.Ingest+"/v1/logs?lane=replay", bytes.NewReader(bodies[n%len(bodies)]))
		if err != nil {
			b.Error(err)
			return
		}
		r.Header.Set("Authorization", "Bearer "+testToken)
		a, err := http.DefaultClient.Do(r)
		if err != nil {
			b.Error(err)
			return
		}
		_ = a.Body.Close()
		if a.StatusCode != http.StatusOK {
			b.Errorf("a replayed body was answered with %s", a.Status)
			return
		}
	}
}
