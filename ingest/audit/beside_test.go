package audit

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"glint/ingest/receipts"
	"glint/ingest/wal"
	"glint/ingest/warehouse/enginetest"
)

// TestAnAuditBesideIngest runs audits while records come, are stored out of their
// order, leave the log, and unresolved opens move: nothing may look lost.
func TestAnAuditBesideIngest(t *testing.T) {
	w := newWorld(t)
	if err := w.logs[wal.LaneLive].Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	log, err := wal.Open(wal.Options{Dir: w.dir + "/live", Lane: wal.LaneLive, Retain: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	w.logs[wal.LaneLive] = log

	ctx, stop := context.WithCancel(t.Context())
	var ingest sync.WaitGroup
	var turns atomic.Uint64
	ingest.Go(func() {
		for ; ctx.Err() == nil && !t.Failed(); turns.Add(1) {
			w.turn(turns.Load() * 10)
		}
	})
	audits := 0
	for ; (audits < 20 || turns.Load() < 20) && !t.Failed(); audits++ {
		if r := w.audit(); !r.Accounted() {
			t.Errorf("audit %d after %d turns: %+v", audits, turns.Load(), r)
		}
	}
	stop()
	ingest.Wait()
	if r := w.audit(); !r.Accounted() || r.Total.Accepted != turns.Load()*10 || r.Total.Waiting != 0 {
		t.Errorf("after %d turns: %+v", turns.Load(), r)
	}
}

// turn takes two records with five events each through ingest, the later one
// first.
func (w *world) turn(key uint64) {
	a, b := w.accept(keys(key+1, key+5)), w.accept(keys(key+6, key+10))
	keep := func(x *accepted) {
		err := w.book.Append([]receipts.Receipt{{
			LogID: "live-LOG", Record: x.record, ReceivedAt: x.at, Lane: x.lane, Source: x.source, Lines: 5, Events: x.events,
		}})
		if err != nil {
			w.t.Error(err)
		}
	}
	w.insert(b.at, b.events...)
	keep(b)
	w.wait(a.at, a.events[0])
	w.insert(a.at, a.events[1:]...)
	keep(a)
	w.acknowledge(wal.LaneLive, b.record)
	log := w.logs[wal.LaneLive]
	log.Release(wal.Position{Record: b.record + 1})
	if err := log.Seal(context.Background()); err != nil {
		w.t.Error(err)
	}
	w.insert(a.at, a.events[0])
	w.engine.Text(w.t, enginetest.WarehouseUser,
		"INSERT INTO unresolved_opens SELECT * REPLACE (1 AS moved) FROM unresolved_opens FINAL WHERE moved = 0", nil)
}
