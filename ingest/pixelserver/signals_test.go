package pixelserver

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"glint/edge/event"
	"glint/edge/privacy"
	"glint/edge/token"
	"glint/ingest/warehouse/enginetest/enginelib"
)

// Over real connections: the image comes always, and the line by the setting.
func TestPrivacySignalsOfTheStandalonePixel(t *testing.T) {
	ring, err := token.NewRing(token.Key{ID: 7})
	if err != nil {
		t.Fatal(err)
	}
	signed, err := ring.Sign(token.Token{Campaign: 9, Message: token.MessageID{1}})
	if err != nil {
		t.Fatal(err)
	}
	const agent = "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.0"
	for signals, lines := range map[privacy.Signals]int{privacy.SignalsIgnored: 2, privacy.SignalsAggregate: 2, privacy.SignalsOff: 0} {
		registry := prometheus.NewRegistry()
		w := serve(t, func(c *Config) { c.Observer.Ring, c.Observer.Signals, c.Registerer = ring, signals, registry })
		for _, signal := range []string{"DNT: 1", "Sec-GPC: 1", "DNT: 0"} {
			isImage(t, w.talk(t, http.MethodGet, get("/o/"+signed+".gif", agent, signal), 1)[0], "gif")
		}
		var all []event.Event
		for range lines + 1 { // that of DNT: 0 comes always
			all = append(all, <-w.events)
		}
		whole := 0
		for _, e := range all {
			if e.Token == signed && e.IP != "" && e.UserAgent != "" {
				whole++
				continue
			}
			opened, err := ring.Open(e.Token)
			if err != nil || opened != (token.Token{Campaign: 9, Mode: token.Aggregate, Key: 7}) || e.IP+e.UserAgent != "" || e.Class != "human_direct" {
				t.Errorf("%v: %+v", signals, e)
			}
		}
		if ignored := signals == privacy.SignalsIgnored; whole == 3 != ignored || whole == 1 == ignored || len(w.events) != 0 {
			t.Errorf("%v: %d whole lines of %d, %d more", signals, whole, len(all), len(w.events))
		}
		counts := map[privacy.Signals][2]int{privacy.SignalsAggregate: {2, 0}, privacy.SignalsOff: {0, 2}}[signals]
		for i, line := range []string{"aggregate", "none"} {
			want := fmt.Sprintf("glint_pixel_signalled_total{line=%q} %d\n", line, counts[i])
			enginelib.Eventually(t, signals.String()+": "+want, func() bool { // it is counted after the image
				page := httptest.NewRecorder()
				promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(page, httptest.NewRequest(http.MethodGet, "/metrics", nil))
				return strings.Contains(page.Body.String(), want)
			})
		}
	}
}
