package edge

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/edge/privacy"
	"glint/edge/token"
	"glint/ingest/host/backoff"
	"glint/ingest/warehouse"
)

// syncOptions are what `glint edge sync` was asked.
type syncOptions struct {
	app       *app.App
	dsn       string
	follow    bool
	interval  time.Duration
	dryRun    bool
	transport http.RoundTripper // nil: the usual one
}

func newSyncCmd(a *app.App, run func(context.Context, *syncOptions) error) *cobra.Command {
	o := &syncOptions{app: a}
	cmd := &cobra.Command{
		Use:   "sync",
		Short: "Bring withdrawals to the edge, whose lines then name no message",
		Long: `Writes a key for each message of a recipient who refused or withdrew into the account's KV store named glint, which it
makes where it is missing, and deletes those of recipients who have agreed again. An edge whose service is linked to the
store looks a message up once its image is sent: the line of a withdrawn one has neither token nor address. This is
optional: ingest applies withdrawals in any case.

With --follow it goes on, and a withdrawal is in the store within --interval. It signs in with $FASTLY_API_TOKEN.`,
		Example: "  glint edge sync\n  glint edge sync --follow",
		Args:    app.NoArgs,
	}
	f := cmd.Flags()
	f.BoolVar(&o.follow, "follow", false, "go on until Ctrl-C")
	f.DurationVar(&o.interval, "interval", 15*time.Second, "how often --follow looks for withdrawals; at most 45s, so that they take effect within a minute")
	f.BoolVar(&o.dryRun, "dry-run", false, "say how many messages would be written")
	app.WarehouseFlag(cmd, &o.dsn)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if o.interval < time.Second || o.interval > 45*time.Second {
			return app.UsageOf(cmd, errors.New("--interval is not between 1s and 45s"))
		}
		return run(cmd.Context(), o)
	}
	return cmd
}

// syncOverlap is how far back changes are read again, since clocks differ and a
// message may be registered while its recipient withdraws.
const syncOverlap = 10 * time.Minute

func runSync(ctx context.Context, o *syncOptions) error {
	var api *api
	var err error
	if !o.dryRun {
		if api, err = newAPI(o.app.Getenv, o.transport); err != nil {
			return app.Try(err, "create a token with the role engineer at https://manage.fastly.com/account/tokens and export it")
		}
	}
	w, err := o.app.OpenWarehouse(ctx, o.dsn, app.OwnDatabase)
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	s := &syncer{syncOptions: o, api: api, warehouse: w}
	for {
		err := s.pass(ctx)
		if !o.follow || ctx.Err() != nil {
			if o.follow && errors.Is(err, context.Canceled) {
				return nil // how it is meant to end
			}
			return err
		}
		if err != nil {
			fmt.Fprintln(o.app.Err, "not synced, trying again:", output.Safe(err.Error()))
		}
		if backoff.Sleep(ctx, o.interval) != nil {
			return nil
		}
	}
}

// syncer brings withdrawals into one store.
type syncer struct {
	*syncOptions
	api       *api
	warehouse *warehouse.Warehouse
	store     string // id; "": not found yet

	rows   uint64
	latest time.Time // of the change up to which the store has all
}

// pass brings over what has changed since the last one that succeeded.
func (s *syncer) pass(ctx context.Context) error {
	rows, latest, err := s.warehouse.WithdrawalState(ctx)
	if err != nil {
		return err
	}
	if s.store != "" && rows == s.rows && latest.Equal(s.latest) {
		return nil
	}
	var since time.Time
	if !s.latest.IsZero() {
		since = s.latest.Add(-syncOverlap)
	}
	fates := map[string]privacy.Fate{}
	err = s.warehouse.WithdrawnMessages(ctx, since, func(message uuid.UUID, fate warehouse.Fate) {
		fates[privacy.WithdrawalKey(token.MessageID(message))] = edgeFate(fate)
	})
	if err != nil {
		return err
	}
	if s.dryRun {
		fmt.Fprintf(s.app.Err, "%s would be in the store; nothing was changed (--dry-run)\n", output.Plural(len(fates), "message", "messages"))
		return nil
	}
	if err := s.findStore(ctx); err != nil {
		return err
	}
	written, deleted, err := s.write(ctx, fates)
	if err != nil {
		return err
	}
	s.rows, s.latest = rows, latest
	fmt.Fprintf(s.app.Err, "%s written to the store, %s deleted\n", output.Plural(written, "message", "messages"), output.Count(uint64(deleted)))
	return nil
}

// edgeFate returns the fate as the edge knows it: a line has no room for the client
// of an anonymous open.
func edgeFate(f warehouse.Fate) privacy.Fate {
	switch f {
	case warehouse.FateKeep:
		return privacy.Keep
	case warehouse.FateDrop:
		return privacy.Drop
	}
	return privacy.Count
}

// findStore finds the account's KV store named glint, or makes it.
// Source: https://www.fastly.com/documentation/reference/api/services/resources/kv-store/
func (s *syncer) findStore(ctx context.Context) error {
	if s.store != "" {
		return nil
	}
	type store struct{ ID, Name string }
	var list struct{ Data []store }
	if err := s.api.document(ctx, http.MethodGet, "/resources/stores/kv?limit=1000", "", nil, &list); err != nil {
		return err
	}
	for _, there := range list.Data {
		if there.Name == storeName {
			s.store = there.ID
			return nil
		}
	}
	var made store
	if err := s.api.document(ctx, http.MethodPost, "/resources/stores/kv", "application/json", []byte(`{"name":"`+storeName+`"}`), &made); err != nil {
		return err
	}
	if made.ID == "" {
		return errors.New("ask Fastly's API: the new KV store has no id")
	}
	s.store = made.ID
	fmt.Fprintf(s.app.Err, "made the KV store %s. To let a service see it, and make that live:\n"+
		"fastly service resource-link create --service-id=ID --version=latest --autoclone --resource-id=%s --name=%s\n"+
		"fastly service version activate --service-id=ID --version=latest\n", storeName, made.ID, storeName)
	return nil
}

// syncBatch is how many keys one request writes.
const syncBatch = 5000

// write writes the keys in batches, and deletes those of messages that are no longer
// withdrawn.
func (s *syncer) write(ctx context.Context, fates map[string]privacy.Fate) (written, deleted int, err error) {
	var batch bytes.Buffer
	n := 0
	flush := func() error {
		if n == 0 {
			return nil
		}
		err := s.api.document(ctx, http.MethodPut, "/resources/stores/kv/"+s.store+"/batch", "application/x-ndjson", batch.Bytes(), nil)
		written += n
		n = 0
		batch.Reset()
		return err
	}
	for key, fate := range fates {
		if fate == privacy.Keep {
			if err := s.api.document(ctx, http.MethodDelete, "/resources/stores/kv/"+s.store+"/keys/"+key, "", nil, nil); err != nil {
				return written, deleted, err
			}
			deleted++
			continue
		}
		fmt.Fprintf(&batch, "{\"key\":%q,\"value\":%q}\n", key, base64.StdEncoding.EncodeToString([]byte(fate.String())))
		if n++; n == syncBatch {
			if err := flush(); err != nil {
				return written, deleted, err
			}
		}
	}
	return written, deleted, flush()
}

// document sends a body of any type and, with into, reads a JSON answer. A deleted
// key that was not there is no error.
func (a *api) document(ctx context.Context, method, path, contentType string, body []byte, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, a.base+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("ask Fastly's API: %w", err)
	}
	req.Header.Set("Fastly-Key", a.token)
	req.Header.Set("Accept", "application/json")
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return fmt.Errorf("ask Fastly's API: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer := io.LimitReader(resp.Body, maxAPIAnswer)
	switch {
	case method == http.MethodDelete && resp.StatusCode == http.StatusNotFound:
		return nil
	case resp.StatusCode/100 != 2:
		return fmt.Errorf("ask Fastly's API, %s %s: status %d%s", method, path, resp.StatusCode, reason(answer))
	case into == nil:
		return nil
	}
	if err := json.NewDecoder(answer).Decode(into); err != nil {
		return fmt.Errorf("read the answer of Fastly's API, %s %s: %w", method, path, err)
	}
	return nil
}
