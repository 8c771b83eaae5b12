package consent

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"

	"glint/ingest/warehouse"
	"glint/ingest/warehouse/enginetest"
)

func TestMain(m *testing.M) { os.Exit(enginetest.Main(m)) }

var testTime = time.Date(2026, 11, 28, 10, 0, 0, 0, time.UTC)

// memoryBook is a Book that forgets at the end.
type memoryBook struct {
	mu   sync.Mutex
	head Head
}

func (b *memoryBook) LockConsent(context.Context) (Head, func(), error) {
	b.mu.Lock()
	return b.head, b.mu.Unlock, nil
}

func (b *memoryBook) KeepConsentHead(h Head) error { b.head = h; return nil }

func recipient(n byte) warehouse.RecipientKey { return warehouse.RecipientKey{15: n} }

// ledger returns rows of two nodes.
func ledger() (rows []warehouse.Consent) {
	for _, node := range []string{"a", "b"} {
		part := make([]warehouse.Consent, 5)
		for i := range part {
			part[i] = warehouse.Consent{
				Recipient: recipient(byte(i)), Purpose: PurposeOpens, Choice: warehouse.Choice(i % 4), DecidedAt: testTime.Add(time.Duration(i) * time.Second),
				RecordedAt: testTime, Method: "form", TextHash: "", TextVersion: "2026-07",
			}
		}
		seal(part, node, 0, "")
		rows = append(rows, part...)
	}
	return rows
}
