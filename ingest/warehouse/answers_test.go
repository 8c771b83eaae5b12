package warehouse

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"glint/ingest/warehouse/enginetest"
	"glint/schema"
)

// middlebox is between a Warehouse and the engine, and damages answers.
type middlebox struct {
	keep atomic.Int64 // percent of each answer that pass; 100: all
	own  atomic.Bool  // answers in the engine's place, which never sees the request
}

// behind returns a Warehouse that reaches the engine through a middlebox.
func behind(t *testing.T, e *enginetest.Warehouse) (*middlebox, *Warehouse) {
	t.Helper()
	box := &middlebox{}
	box.keep.Store(100)
	engine, err := url.Parse(e.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(engine)
	proxy.ModifyResponse = func(r *http.Response) error {
		keep := box.keep.Load()
		if keep == 100 {
			return nil
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return err
		}
		body = body[:int64(len(body))*keep/100]
		r.Body = io.NopCloser(bytes.NewReader(body))
		r.ContentLength = int64(len(body))
		r.Header.Set("Content-Length", strconv.Itoa(len(body)))
		return nil
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if box.own.Load() {
			return // 200, and nothing
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	w, err := Connect(t.Context(), (&enginetest.Warehouse{URL: server.URL}).Address(enginetest.WarehouseUser))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return box, w
}

// questions are all calls of a Warehouse whose answers are used.
func questions(campaign uint64) map[string]func(context.Context, *Warehouse) error {
	opens, events := manyOpens(campaign, 300), []uint64{}
	var bad []BadToken
	var ids []uuid.UUID
	for i := range opens {
		events = append(events, opens[i].EventID)
		ids = append(ids, opens[i].MessageID)
		bad = append(bad, BadToken{Facts: Facts{OpenedAt: noon, EventID: uint64(i)}})
	}
	all := map[string]func(context.Context, *Warehouse) error{}
	for name, f := range map[string]func(ctx context.Context, w *Warehouse) (any, error){
		"AbsentOpens":      func(ctx context.Context, w *Warehouse) (any, error) { return w.AbsentOpens(ctx, opens) },
		"AbsentUnresolved": func(ctx context.Context, w *Warehouse) (any, error) { return w.AbsentUnresolved(ctx, opens) },
		"AbsentBadTokens":  func(ctx context.Context, w *Warehouse) (any, error) { return w.AbsentBadTokens(ctx, bad) },
		"MissingOpens":     func(ctx context.Context, w *Warehouse) (any, error) { return w.MissingOpens(ctx, events) },
		"UnresolvedEvents": func(ctx context.Context, w *Warehouse) (any, error) { return w.UnresolvedEvents(ctx, events) },
		"CampaignsOf":      func(ctx context.Context, w *Warehouse) (any, error) { return w.CampaignsOf(ctx, ids) },
		"OpenedMessages":   func(ctx context.Context, w *Warehouse) (any, error) { return w.OpenedMessages(ctx, campaign) },
		"Waiting":          func(ctx context.Context, w *Warehouse) (any, error) { return w.Waiting(ctx) },
		"MoveResolved":     func(ctx context.Context, w *Warehouse) (any, error) { return w.MoveResolved(ctx, 10) },
		"KnownSends":       func(ctx context.Context, w *Warehouse) (any, error) { return w.KnownSends(ctx, campaign) },
		"CampaignNamed":    func(ctx context.Context, w *Warehouse) (any, error) { return w.CampaignNamed(ctx, "case") },
		"EnsureCampaign":   func(ctx context.Context, w *Warehouse) (any, error) { return w.EnsureCampaign(ctx, "case") },
		"KeyFingerprints":  func(ctx context.Context, w *Warehouse) (any, error) { return w.KeyFingerprints(ctx) },
		"BadTokenCounts":   func(ctx context.Context, w *Warehouse) (any, error) { return w.BadTokenCounts(ctx) },
		"BadTokensOf": func(ctx context.Context, w *Warehouse) (any, error) {
			return w.BadTokensOf(ctx, []string{"signature"}, nil, 10)
		},
		"Campaigns": func(ctx context.Context, w *Warehouse) (any, error) { return w.Campaigns(ctx, 10) },
		"ReportOf":  func(ctx context.Context, w *Warehouse) (any, error) { return w.ReportOf(ctx, "case") },
		"Messages": func(ctx context.Context, w *Warehouse) (any, error) {
			var names []string
			err := w.Messages(ctx, campaign, AllMessages, func(kept []string) error { names = kept; return nil }, func(*ListedMessage) error { return nil })
			return names, err
		},
		"MessageFacts": func(ctx context.Context, w *Warehouse) (any, error) {
			return w.MessageFacts(ctx, MessageRef{campaign, ids[0]})
		},
		"Timeline":   func(ctx context.Context, w *Warehouse) (any, error) { return w.Timeline(ctx, campaign, true) },
		"TimeToOpen": func(ctx context.Context, w *Warehouse) (any, error) { return w.TimeToOpen(ctx, campaign, true) },
		"Compare":    func(ctx context.Context, w *Warehouse) (any, error) { return w.Compare(ctx, campaign, campaign) },
		"Recency":    func(ctx context.Context, w *Warehouse) (any, error) { return w.Recency(ctx) },
		"BeginRegistration": func(ctx context.Context, w *Warehouse) (any, error) {
			return w.BeginRegistration(ctx, campaign, 1)
		},
		"CompleteRegistration": func(ctx context.Context, w *Warehouse) (any, error) {
			r := Registration{ID: 1, CampaignID: campaign, StartedAt: noon}
			return r.ID, w.CompleteRegistration(ctx, r, 0)
		},
	} {
		all[name] = func(ctx context.Context, w *Warehouse) error { _, err := f(ctx, w); return err }
	}
	return all
}

// TestASpoiltAnswerIsAnError cuts and empties answers. Each must give an error that is
// retried, never a result.
func TestASpoiltAnswerIsAnError(t *testing.T) {
	e, direct := engine(t)
	e.Empty(t)
	campaign := newCase(t, direct)
	opens := manyOpens(campaign, 300)
	if err := errors.Join(direct.InsertOpens(t.Context(), "o", opens[:100]), direct.InsertUnresolved(t.Context(), "u", opens[200:]),
		direct.InsertBadTokens(t.Context(), "b", []BadToken{{Facts: Facts{OpenedAt: noon, ReceivedAt: time.Now()}, Fault: "signature"}})); err != nil {
		t.Fatal(err)
	}
	registerPart(t, direct, campaign, 0, 100, true, nil)
	for _, keep := range []int64{0, 1, 50, 99} {
		box, w := behind(t, e)
		for name, ask := range questions(campaign) {
			box.keep.Store(keep)
			if err := ask(t.Context(), w); err == nil || !Retryable(err) {
				t.Errorf("%s: %d %% of the answer: %v", name, keep, err)
			}
		}
	}
	box, w := behind(t, e)
	for name, ask := range questions(campaign) {
		box.own.Store(true)
		if err := ask(t.Context(), w); !errors.Is(err, ErrAnswer) || !Retryable(err) {
			t.Errorf("%s: a 200 of the middlebox: %v", name, err)
		}
		box.own.Store(false)
		if err := ask(t.Context(), w); err != nil {
			t.Errorf("%s: asked again: %v", name, err)
		}
	}
}

func TestAnInsertThatAMiddleboxTookIsAnError(t *testing.T) {
	e, _ := engine(t)
	e.Empty(t)
	box, w := behind(t, e)
	opens := manyOpens(1, 100)
	if err := w.InsertOpens(t.Context(), "first", opens[:1]); err != nil { // the columns are known then
		t.Fatal(err)
	}
	box.own.Store(true)
	if err := w.InsertOpens(t.Context(), "o", opens); !errors.Is(err, ErrAnswer) || !Retryable(err) {
		t.Errorf("%v", err)
	}
	box.own.Store(false)
	if err := w.InsertOpens(t.Context(), "o", opens); err != nil {
		t.Fatal(err)
	}
	if got := text(t, e, "SELECT count() FROM opens FINAL"); got != "100\n" {
		t.Errorf("%s rows", got)
	}
}

// TestAMoveMarksOnlyCopies takes the copy of a move away before it is marked.
func TestAMoveMarksOnlyCopies(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	if err := w.InsertUnresolved(t.Context(), "a", []Open{waitingOpen(1), waitingOpen(2)}); err != nil {
		t.Fatal(err)
	}
	register(t, w, 42, 1, 2)
	move(t, w, 1, 1)
	text(t, e, "TRUNCATE TABLE opens") // a copy that was acknowledged and never made
	text(t, e, "CREATE TABLE resolved (message_id UUID, opened_at Int64, event_id UInt64, campaign_id UInt64) ENGINE = Memory")
	defer text(t, e, "DROP TABLE resolved")
	text(t, e, "INSERT INTO resolved SELECT message_id, toUnixTimestamp64Milli(opened_at), event_id, 42 FROM unresolved_opens FINAL WHERE moved = 0")
	text(t, e, schema.Query("mark_moved"))
	if got := text(t, e, "SELECT count() FROM unresolved_opens FINAL WHERE moved = 0"); got != "1\n" {
		t.Errorf("%s opens wait, want 1", got)
	}
}
