package networks

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glint/ingest/host/backoff"
)

// Update downloads Apple's list and the list of AS numbers, and stores each
// valid one in glint's home. An error of one does not affect the other, and
// leaves the old list. notify is called with each result.
func Update(ctx context.Context, transport http.RoundTripper, home string, now time.Time, notify func(source string, entries int, fault error)) error {
	list, err := Fetch(ctx, transport, RelayURL)
	entries := 0
	if err == nil {
		var relay *Relay
		relay, err = SaveRelay(home, list, now, MinRelayPrefixes)
		entries = relay.Prefixes()
	}
	notify(SourceRelay, entries, err)
	fault := err
	list, err = FetchASNs(ctx, transport, ASNURLs())
	entries = 0
	if err == nil {
		var asns *ASNs
		asns, err = SaveASNs(home, list, now, MinASNRanges)
		entries = asns.Ranges()
	}
	notify(SourceASNs, entries, err)
	return errors.Join(fault, err)
}

// FetchASNs downloads the parts of a list of AS numbers and returns them as
// one.
func FetchASNs(ctx context.Context, transport http.RoundTripper, addresses []string) ([]byte, error) {
	var all []byte
	for _, address := range addresses {
		part, err := Fetch(ctx, transport, address)
		if err != nil {
			return nil, err
		}
		if all = append(all, part...); len(all) > 0 && all[len(all)-1] != '\n' {
			all = append(all, '\n')
		}
	}
	return all, nil
}

// Updater updates the lists of a running service, if the operator allows it.
type Updater struct {
	Home      string
	Every     time.Duration // 0: never
	Transport http.RoundTripper
	Logger    *slog.Logger

	updates *prometheus.CounterVec
}

// Register registers the updater's metrics. Call it before Run.
func (u *Updater) Register(r prometheus.Registerer) {
	u.updates = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "glint_networks_updates_total", Help: "Lists of networks that the service fetched by itself: kept, or failed, which leaves the old list.",
	}, []string{"list", "outcome"})
	for _, list := range []string{SourceRelay, SourceASNs} {
		for _, outcome := range []string{"kept", "failed"} {
			u.updates.WithLabelValues(list, outcome) // so that each rate exists before the first update
		}
	}
	r.MustRegister(u.updates)
}

// retryUpdate is the pause after a failed update.
const retryUpdate = time.Hour

// Run works until ctx ends. It skips lists younger than Every.
func (u *Updater) Run(ctx context.Context) {
	if u.Every <= 0 {
		return
	}
	for pause := u.untilDue(time.Now()); backoff.Sleep(ctx, pause) == nil; {
		err := Update(ctx, u.Transport, u.Home, time.Now(), func(source string, entries int, fault error) {
			if fault != nil {
				u.updates.WithLabelValues(source, "failed").Inc()
				u.Logger.Warn("list of networks not updated, the old one stays in use", "list", source, "error", fault)
				return
			}
			u.updates.WithLabelValues(source, "kept").Inc()
			u.Logger.Info("list of networks updated", "list", source, "entries", entries)
		})
		pause = u.Every
		if err != nil {
			pause = min(u.Every, retryUpdate)
		}
	}
}

// untilDue returns the time for which the older list is still recent enough.
func (u *Updater) untilDue(now time.Time) time.Duration {
	ages := make([]time.Duration, 0, 2)
	for _, path := range []string{RelayFile(u.Home), ASNFile(u.Home)} {
		info, err := os.Stat(path)
		if err != nil {
			return 0
		}
		ages = append(ages, now.Sub(info.ModTime()))
	}
	return max(0, u.Every-slices.Max(ages))
}
