package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"glint/ingest"
)

// patience is the timeout of a request for the running glint's status.
const patience = 10 * time.Second

// Status returns the status of the running glint, whose ingest is at address.
func Status(ctx context.Context, address string) (*ingest.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/v1/status", http.NoBody)
	if err != nil {
		return nil, err
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, fmt.Errorf("ask the running glint: %w", err)
	}
	defer func() { _ = a.Body.Close() }()
	s := &ingest.Status{}
	if err := json.NewDecoder(io.LimitReader(a.Body, 1<<20)).Decode(s); err != nil || a.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask the running glint: %s is no status", a.Status)
	}
	return s, nil
}
