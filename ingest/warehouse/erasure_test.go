package warehouse

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// TestErasedMessagesAreKnownByAnyHash has hashes that begin or end with zeros, since they
// are bytes.
func TestErasedMessagesAreKnownByAnyHash(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	ctx := t.Context()
	hasher, err := w.RecipientHasher(ctx)
	if err != nil {
		t.Fatal(err)
	}
	key := hasher.Key("ann@example.com")
	var sends []Send
	want := map[ErasedHash]bool{}
	for n, zeros := uint64(1), 0; zeros < 3 || len(sends) < 500; n++ {
		var id uuid.UUID
		binary.BigEndian.PutUint64(id[:], n)
		sum := sha256.Sum256(id[:])
		if sum[11] == 0 {
			zeros++
		} else if len(sends) >= 500 {
			continue
		}
		sends = append(sends, Send{CampaignID: 42, MessageID: id, Recipient: "ann@example.com"})
		want[ErasedHash(sum[:12])] = true
	}
	if err := w.InsertSends(ctx, "sends", sends); err != nil {
		t.Fatal(err)
	}
	began := time.Now().Add(-time.Second)
	if err := w.BeginErasing(ctx, []RecipientKey{key}, time.Now()); err != nil {
		t.Fatal(err)
	}
	for _, since := range []time.Time{{}, began} {
		got := map[ErasedHash]bool{}
		if err := w.ErasedMessages(ctx, since, func(h ErasedHash) { got[h] = true }); err != nil {
			t.Fatal(err)
		}
		if len(got) != len(want) {
			t.Errorf("%d hashes, want %d", len(got), len(want))
		}
		for h := range want {
			if !got[h] {
				t.Errorf("%x is missing", h)
			}
		}
	}
	n := 0
	if err := w.ErasedMessages(ctx, time.Now().Add(time.Hour), func(ErasedHash) { n++ }); err != nil || n > 0 {
		t.Errorf("%d hashes of the future, %v", n, err)
	}
}

// TestAllThatNamesAPersonIsErased finds tables by their columns, so that a new one is
// included.
func TestAllThatNamesAPersonIsErased(t *testing.T) {
	e, w := engine(t)
	personal := strings.Fields(text(t, e, `SELECT DISTINCT c.table FROM system.columns AS c
		INNER JOIN system.tables AS t ON t.database = c.database AND t.name = c.table
		WHERE c.database = currentDatabase() AND c.name IN ('message_id', 'recipient_key', 'recipient', 'token') AND t.engine LIKE '%MergeTree'`))
	kept := []string{
		"consents", // the refusal stays, as a keyed hash
		"erasing",  // emptied when an erasure ends
	}
	for _, table := range personal {
		if !slices.Contains(ErasedTables, table) && !slices.Contains(kept, table) {
			t.Errorf("rows of %s survive an erasure", table)
		}
	}
	if len(personal) < len(ErasedTables) {
		t.Errorf("%d tables: %v", len(personal), personal)
	}
	counts, err := w.ErasingRows(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range ErasedTables {
		if _, ok := counts[table]; !ok {
			t.Errorf("nobody counts the rows of %s", table)
		}
		if err := w.EraseRows(t.Context(), table); err != nil {
			t.Error(err)
		}
	}
}
