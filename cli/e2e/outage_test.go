package e2e_test

import (
	"syscall"
	"testing"
	"time"
)

// TestAnOutageOfTheWarehouseLosesNothing freezes the engine while lines are
// posted. They wait in the log, not in memory, and are caught up with afterwards.
// GLINT_OUTAGE_SECONDS gives another length of the outage.
func TestAnOutageOfTheWarehouseLosesNothing(t *testing.T) {
	i := up(t, newHome(t))
	b := newBulk(t, i)
	b.run(t, i, 2*time.Second)
	eventually(t, "the first lines to be stored", func() bool { return i.backlog(t) == 0 })
	pid := i.cmd.Process.Pid
	before, peak := residentBytes(pid), 0.0

	engines := enginesOf(t, i.home)
	if len(engines) != 1 {
		t.Fatalf("engines %v, want one", engines)
	}
	signal := func(s syscall.Signal) {
		if err := syscall.Kill(engines[0], s); err != nil {
			t.Fatal(err)
		}
	}
	signal(syscall.SIGSTOP)
	outage := secondsFrom(t, "GLINT_OUTAGE_SECONDS", 5*time.Second)
	for range 4 {
		b.run(t, i, outage/4)
		peak = max(peak, residentBytes(pid))
	}
	if i.backlog(t) == 0 {
		t.Error("nothing waited for the frozen engine")
	}
	waiting := float64(b.acknowledged.Load())
	signal(syscall.SIGCONT)
	began := time.Now()
	deadline := began.Add(patience + 2*outage)
	for i.backlog(t) > 0 {
		if time.Now().After(deadline) {
			t.Fatalf("%.0f records wait %v after the outage", i.backlog(t), time.Since(began))
		}
		peak = max(peak, residentBytes(pid))
		time.Sleep(100 * time.Millisecond)
	}
	took := time.Since(began).Seconds()
	b.stored(t, i)
	// A few batches in flight, decoded, and no more however long it lasts.
	if most := 4*before + 600*mebibyte; peak > most {
		t.Errorf("glint's memory rose from %.0f to %.0f MiB", before/mebibyte, peak/mebibyte)
	}
	t.Logf("%v of outage at %d lines/s: caught up with %.0f rows/s; glint's memory %.0f MiB before, %.0f at most (%.1f x)",
		outage, bulkRate, (waiting-2*bulkRate)/took, before/mebibyte, peak/mebibyte, peak/before)
}
