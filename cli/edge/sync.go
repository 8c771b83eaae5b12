package edge

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
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

// syncOptions are the parsed flags of `glint edge sync`.
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
		Short: "Send withdrawals to the edge, so that its lines name no message",
		Long: `Writes a key for each message of a recipient who refused or withdrew, and for each message whose tracking mode was lowered
after its registration, into the account's KV store named glint, which it creates if it is missing. An edge whose service is
linked to the store looks up each message after it has sent the image. The log line of a withdrawn message has neither token
nor address; the line of a message that is now pseudonymous or last_open has only the fields of that mode. Keys are never
deleted: if the recipient agrees again, that applies only to later mail. This is optional: ingest applies all of this in any
case.

With --follow it keeps running, and a withdrawal is in the store within --interval. It signs in with $FASTLY_API_TOKEN.`,
		Example: "  glint edge sync\n  glint edge sync --follow",
		Args:    app.NoArgs,
	}
	f := cmd.Flags()
	f.BoolVar(&o.follow, "follow", false, "keep running until Ctrl-C")
	f.DurationVar(&o.interval, "interval", 15*time.Second, "interval at which --follow reads withdrawals; at most 45s, so that they take effect within a minute")
	f.BoolVar(&o.dryRun, "dry-run", false, "print how many messages would be written, and write nothing")
	app.WarehouseFlag(cmd, &o.dsn)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if o.interval < time.Second || o.interval > 45*time.Second {
			return app.UsageOf(cmd, errors.New("--interval is not between 1s and 45s"))
		}
		return run(cmd.Context(), o)
	}
	return cmd
}

// syncOverlap is the time span that each pass reads again, since clocks differ and a
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
				return nil // the regular end
			}
			return err
		}
		if refused, ok := errors.AsType[*refusal](err); ok {
			switch {
			case refused.isForbidden():
				return err // the token of this process does not change
			case refused.status == http.StatusNotFound:
				s.store, s.latest = "", time.Time{} // the store was deleted
			}
		}
		if err != nil {
			fmt.Fprintln(o.app.Err, "not synced, trying again:", output.Safe(err.Error()))
		}
		if backoff.Sleep(ctx, o.interval) != nil {
			return nil
		}
	}
}

// syncer writes withdrawals into one store.
type syncer struct {
	*syncOptions
	api       *api
	warehouse *warehouse.Warehouse
	store     string // id; "": not found yet

	rows   uint64
	latest time.Time // of the latest change in the store
}

// pass writes the changes since the last pass that succeeded.
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
		if fate == warehouse.FateKeep {
			return // it was sent after its recipient had agreed again
		}
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
	if err := s.write(ctx, fates); err != nil {
		return err
	}
	s.rows, s.latest = rows, latest
	fmt.Fprintf(s.app.Err, "%s written to the store\n", output.Plural(len(fates), "message", "messages"))
	return nil
}

// edgeFate returns the fate as the edge knows it: a line has no field for the client
// of an anonymous open.
func edgeFate(f warehouse.Fate) privacy.Fate {
	switch f {
	case warehouse.FateDrop:
		return privacy.Drop
	case warehouse.FatePseudonymous:
		return privacy.Pseudonymous
	case warehouse.FateLastOpen:
		return privacy.LastOpen
	}
	return privacy.Count
}

// findStore finds the account's KV store named glint, or creates it.
// Source: https://www.fastly.com/documentation/reference/api/services/resources/kv-store/
func (s *syncer) findStore(ctx context.Context) error {
	if s.store != "" {
		return nil
	}
	type store struct{ ID, Name string }
	var list struct{ Data []store }
	if err := s.api.patient(ctx, http.MethodGet, "/resources/stores/kv?limit=1000", "", nil, &list); err != nil {
		return err
	}
	for _, there := range list.Data {
		if there.Name == storeName {
			s.store = there.ID
			return nil
		}
	}
	var made store
	if err := s.api.patient(ctx, http.MethodPost, "/resources/stores/kv", "application/json", []byte(`{"name":"`+storeName+`"}`), &made); err != nil {
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

// syncBatch is the maximum number of keys that one request writes.
const syncBatch = 5000

// write writes the keys in batches.
func (s *syncer) write(ctx context.Context, fates map[string]privacy.Fate) error {
	keys := slices.Sorted(maps.Keys(fates))
	for part := range slices.Chunk(keys, syncBatch) {
		if err := s.writeBatch(ctx, part, fates); err != nil {
			return err
		}
	}
	return nil
}

// batchTries is the maximum number of tries for the keys of a batch.
const batchTries = 3

// writeBatch writes keys. The store may accept only some of a batch and return a list of
// the others, which are sent again.
// Source: https://www.fastly.com/documentation/reference/api/services/resources/kv-store-item/
func (s *syncer) writeBatch(ctx context.Context, keys []string, fates map[string]privacy.Fate) error {
	type failure struct {
		Index  int
		Reason string
	}
	for try := 1; ; try++ {
		var body bytes.Buffer
		for _, key := range keys {
			fmt.Fprintf(&body, "{\"key\":%q,\"value\":%q}\n", key, base64.StdEncoding.EncodeToString([]byte(fates[key].String())))
		}
		var answer struct{ Errors []failure }
		if err := s.api.patient(ctx, http.MethodPut, "/resources/stores/kv/"+s.store+"/batch", "application/x-ndjson", body.Bytes(), &answer); err != nil {
			return err
		}
		if len(answer.Errors) == 0 {
			return nil
		}
		if try == batchTries {
			return fmt.Errorf("write to the KV store: %d of %d keys were not taken: %s", len(answer.Errors), len(keys), output.Safe(answer.Errors[0].Reason))
		}
		var again []string
		for _, f := range answer.Errors {
			if f.Index < 0 || f.Index >= len(keys) {
				again = keys // an inconsistent answer: send all of them
				break
			}
			again = append(again, keys[f.Index])
		}
		keys = again
	}
}
