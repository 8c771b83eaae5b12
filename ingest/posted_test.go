package ingest

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"glint/ingest/consent"
	"glint/ingest/warehouse"
)

// waitingPosts is a service whose posted messages do not get into the warehouse while
// held is set.
type waitingPosts struct {
	*service
	engine *testEngine
	w      *warehouse.Warehouse // of another program
	held   atomic.Bool
}

// one posts a message and returns the answer about it.
func (p *waitingPosts) one(t *testing.T, campaign, object string) (postedMessage, uint64) {
	t.Helper()
	var keep []string
	for _, column := range []string{"plan", "size"} {
		if strings.Contains(object, column) {
			keep = append(keep, column)
		}
	}
	a := postSends(t, p.service, "?keep_columns="+strings.Join(keep, ",")+"&campaign="+campaign, sendsToken, []byte(object))
	if a.status != http.StatusOK || len(a.Messages) != 1 {
		t.Fatalf("%s: %+v", object, a)
	}
	var id uint64
	if _, err := fmt.Sscan(a.CampaignID, &id); err != nil {
		t.Fatal(err)
	}
	return a.Messages[0], id
}

// TestWhatHappensWhilePostedMessagesWait lets other programs register, revoke, refuse
// and delete while posts of the same messages are acknowledged and not yet in the
// warehouse, ends the service, and starts it again.
func TestWhatHappensWhilePostedMessagesWait(t *testing.T) {
	engine := newEngine(t)
	p := &waitingPosts{engine: engine, w: engine.migrated(t)}
	way := newLossyWay(t, engine, func(table, _ string) fate {
		if table == "sends" && p.held.Load() {
			return lostRequest
		}
		return answered
	})
	dir, change := t.TempDir(), withSends(t, sendsHome{modes: map[string]bool{"https://pixel.example.com": true}})
	p.service = runService(t, dir, way.dsn(t), change)
	for _, recipient := range []string{"revoked", "changed", "restricted"} {
		p.one(t, "spring", fmt.Sprintf(`{"recipient":%q,"plan":"a"}`, recipient))
	}
	p.registered(t)
	p.held.Store(true)

	fresh, spring := p.one(t, "spring", `{"recipient":"fresh","plan":"a"}`)
	for _, c := range []struct{ object, want string }{
		{`{"recipient":"fresh","plan":"a"}`, "repeated"},
		{`{"recipient":"changed","plan":"a"}`, "repeated"},
		{`{"recipient":"changed","plan":"b"}`, "changed"},
	} {
		if got, _ := p.one(t, "spring", c.object); got.Outcome != c.want {
			t.Errorf("%s is %s, want %s", c.object, got.Outcome, c.want)
		}
	}
	revoked, _ := p.one(t, "spring", `{"recipient":"revoked","size":"xl"}`)
	p.one(t, "spring", `{"recipient":"refused"}`)
	narrowed, _ := p.one(t, "spring", `{"recipient":"narrowed","plan":"a","size":"s"}`)
	gone, goneID := p.one(t, "gone", `{"recipient":"gone"}`)

	id := uuid.MustParse(narrowed.MessageID)
	other := warehouse.Send{
		CampaignID: spring, MessageID: id, Recipient: "narrowed", Tracking: warehouse.Aggregate, URLStyle: warehouse.StyleToken,
		Attributes: map[string]string{"plan": "b"}, RegisteredAt: time.Now().Add(time.Second),
	}
	if err := p.w.InsertSends(t.Context(), "other", []warehouse.Send{other}); err != nil {
		t.Fatal(err)
	}
	if _, counted, err := p.w.RevokeSends(t.Context(), spring, []uuid.UUID{uuid.MustParse(revoked.MessageID)}, 0, false); err != nil || counted != 1 {
		t.Fatal(counted, err)
	}
	p.refuse(t, "refused")
	if err := p.w.DeleteCampaign(t.Context(), goneID); err != nil {
		t.Fatal(err)
	}
	less, err := http.NewRequest(http.MethodPost, p.Ingest+"/v1/sends?campaign=spring", strings.NewReader(`{"recipient":"restricted","tracking":"aggregate"}`))
	if err != nil {
		t.Fatal(err)
	}
	less.Header.Set("Authorization", "Bearer "+sendsToken)
	restricted := make(chan bool, 1)
	go func() {
		a, err := http.DefaultClient.Do(less)
		if err == nil {
			_ = a.Body.Close()
		}
		restricted <- err == nil && a.StatusCode == http.StatusOK
	}()
	eventually(t, "the post that says less to be in the log", func() bool { return p.metrics(t)[`glint_wal_durable_records_total{lane="sends"}`] >= 10 })

	p.stop()
	if <-restricted {
		t.Error("the post that says less was acknowledged before that was in the warehouse")
	}
	if n := engine.count(t, "SELECT count() FROM glint.sends WHERE recipient IN ('fresh', 'refused', 'gone')"); n != 0 {
		t.Fatalf("%d of the messages are in the warehouse already", n)
	}
	p.held.Store(false)
	p.service = runService(t, dir, way.dsn(t), change)
	p.registered(t)
	want := map[string]string{
		"changed": "identified\tb\t\t1\tkeep", "fresh": "identified\ta\t\t1\tkeep", "restricted": "aggregate\ta\t\t1\tcount",
		"narrowed": "aggregate\tb\ts\t1\tcount", "refused": "aggregate\t\t\t1\tcount", "revoked": "identified\ta\txl\t0\tkeep",
	}
	for recipient, want := range want {
		got := engine.query(t, fmt.Sprintf(`SELECT tracking, attributes['plan'], attributes['size'],
			registration = 0 OR registration IN (SELECT registration_id FROM glint.registrations FINAL WHERE state = 'complete'),
			(SELECT toString(max(fate)) FROM glint.withdrawals FINAL WHERE message_id = (SELECT any(message_id) FROM glint.sends WHERE recipient = '%[1]s'))
			FROM glint.sends FINAL WHERE campaign_id = %[2]d AND recipient = '%[1]s'`, recipient, spring))
		if got != want {
			t.Errorf("%s: %q, want %q", recipient, got, want)
		}
	}
	eventually(t, "nothing to be there of the deleted campaign", func() bool {
		return engine.count(t, "SELECT count() FROM glint.sends WHERE message_id = '"+gone.MessageID+"'") == 0
	})
	if again, _ := p.one(t, "spring", `{"recipient":"fresh","plan":"a"}`); again != (postedMessage{fresh.Recipient, fresh.MessageID, fresh.PixelURL, fresh.Tracking, "repeated"}) {
		t.Errorf("%+v, want %+v", again, fresh)
	}
	p.someLess(t)
}

func (p *waitingPosts) refuse(t *testing.T, recipient string) {
	t.Helper()
	hasher, err := p.w.RecipientHasher(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c := warehouse.Consent{
		Node: "n", Sequence: 1, Recipient: hasher.Key(recipient), Purpose: consent.PurposeOpens, Choice: warehouse.Refused,
		DecidedAt: time.Now(), RecordedAt: time.Now(), Method: "test", Hash: "h",
	}
	if err := p.w.InsertConsents(t.Context(), "refusal", []warehouse.Consent{c}); err != nil {
		t.Fatal(err)
	}
}

// someLess lets many clients post the same messages at the same time, some with less
// tracking. Each message is stored once and has the least tracking that was asked for;
// if a URL says more, that is noted.
func (p *waitingPosts) someLess(t *testing.T) {
	t.Helper()
	const clients, recipients = 12, 8
	modes := []string{"identified", "identified", "identified", "pseudonymous", "aggregate"}
	var mu sync.Mutex
	stored, asked, said := map[string]int{}, map[string]string{}, map[string][]string{}
	ids := map[string]string{}
	var all sync.WaitGroup
	for range clients {
		order := rand.Perm(recipients)
		all.Go(func() {
			for _, i := range order {
				recipient, mode := fmt.Sprintf("many%d", i), modes[rand.IntN(len(modes))]
				a := postSends(t, p.service, "?campaign=less", sendsToken, fmt.Appendf(nil, `{"recipient":%q,"tracking":%q}`, recipient, mode))
				if a.status != http.StatusOK || len(a.Messages) != 1 {
					t.Errorf("%+v", a)
					return
				}
				m := a.Messages[0]
				mu.Lock()
				stored[recipient] += a.Stored
				if ids[recipient] != "" && ids[recipient] != m.MessageID {
					t.Errorf("%s has two messages", recipient)
				}
				ids[recipient] = m.MessageID
				asked[recipient] = modes[max(slices.Index(modes, mode), slices.Index(modes, asked[recipient]))]
				said[recipient] = append(said[recipient], m.Tracking)
				mu.Unlock()
			}
		})
	}
	all.Wait()
	p.registered(t)
	for recipient, id := range ids {
		if stored[recipient] != 1 {
			t.Errorf("%s was stored %d times", recipient, stored[recipient])
		}
		got := p.engine.query(t, `SELECT any(tracking), count(), (SELECT count() FROM glint.withdrawals FINAL WHERE message_id = '`+id+`' AND fate != 'keep')
			FROM glint.sends FINAL WHERE message_id = '`+id+"'")
		more := slices.ContainsFunc(said[recipient], func(mode string) bool { return mode != asked[recipient] })
		if want := fmt.Sprintf("%s\t1\t%d", asked[recipient], map[bool]int{true: 1}[more]); got != want {
			t.Errorf("%s: %q, want %q; the answers said %s", recipient, got, want, strings.Join(said[recipient], " "))
		}
	}
}
