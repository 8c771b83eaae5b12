package demo

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/google/uuid"

	"glint/ingest/sends"
)

// playLive fetches the pixels of the live cast over HTTP, except those already
// opened.
func (o *Options) playLive(ctx context.Context, b *sends.Batch, opened map[uuid.UUID]bool) error {
	first := castSize()
	for i, v := range liveCast {
		if opened[b.MessageID(first+i)] {
			continue
		}
		if err := v.fetch(ctx, b.URL(first+i)); err != nil {
			return fmt.Errorf("fetch a pixel: %w", err)
		}
	}
	return nil
}

// fetch requests the pixel like the client, from the address that represents
// its network.
func (v *liveVisit) fetch(ctx context.Context, url string) error {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(v.address)}}
	c := http.Client{
		Timeout:   10 * time.Second,
		Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true, DisableCompression: true},
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	r.Header.Set("User-Agent", v.client.userAgent)
	if v.client.referer != "" {
		r.Header.Set("Referer", "https://"+v.client.referer+"/")
	}
	for _, h := range v.client.headers {
		r.Header.Set(h.Name, h.Value)
	}
	answer, err := c.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the pixel answered %s", answer.Status)
	}
	return nil
}
