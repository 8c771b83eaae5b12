package ingest

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"time"

	"glint/ingest/batch"
	"glint/ingest/receipts"
	"glint/ingest/receiver"
)

// outcomes looks up outcomes in the receipts, which outlive the process: a
// client can ask for as long as they are kept.
type outcomes struct{ logDir string }

// lookup returns the outcomes of records. A record is pending until its lane is
// acknowledged up to it, since its receipt may be replaced before.
func (o outcomes) lookup(ctx context.Context, q receiver.Records) (receiver.Outcomes, error) {
	found := receiver.Outcomes{Counts: map[string]int{}}
	progress, err := batch.ReadProgress(filepath.Join(o.logDir, "batches", string(q.Lane)))
	if err != nil {
		return found, err
	}
	wanted := map[uint64]bool{}
	for _, s := range q.Ranges {
		if done := min(s.Last, progress.Acknowledged); done >= s.First {
			for record := s.First; record <= done; record++ {
				wanted[record] = true
			}
		}
		if s.Last > progress.Acknowledged {
			found.Pending += int(s.Last - max(s.First-1, progress.Acknowledged))
		}
	}
	if found.Pending > 0 || len(wanted) == 0 {
		return found, nil // with pending records only their number is answered
	}
	err = o.visit(ctx, q.Since, func(r *receipts.Receipt, events int) {
		if !wanted[r.Record] || r.LogID != progress.LogID || r.Lane != string(q.Lane) || r.Source != q.Source || r.ReceivedAt.Before(q.Since) {
			return
		}
		delete(wanted, r.Record)
		add(&found, r, events)
	})
	found.Unknown = len(wanted)
	return found, err
}

// add counts the lines of a record that is done.
func add(o *receiver.Outcomes, r *receipts.Receipt, events int) {
	o.Records++
	o.Lines += r.Lines
	o.NotKept += r.Detail(receipts.NotKept)
	stored, dead := events, r.DeadLetters
	for _, d := range r.Details {
		switch d.Name {
		case receipts.NotKept:
			continue
		case receipts.Unresolved, receipts.Repeated, receipts.Aggregated, receipts.Withheld:
			stored -= d.Lines
		case receipts.Web, receipts.LastOpen: // in no other number
		default:
			dead -= d.Lines
		}
		o.Counts[d.Name] += d.Lines
	}
	for name, lines := range map[string]int{
		string(batch.Stored): stored, string(batch.BadToken): r.BadTokens, string(batch.OverCap): r.OverCap, "dead_letter": dead,
	} {
		if lines > 0 {
			o.Counts[name] += lines
		}
	}
}

// visit reads the heads of the receipts of the hours from since on.
func (o outcomes) visit(ctx context.Context, since time.Time, visit func(r *receipts.Receipt, events int)) error {
	shelf, err := receipts.OpenReader(filepath.Join(o.logDir, receipts.Folder))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, at := range shelf.Hours() {
		if at.Add(time.Hour).Before(since) || ctx.Err() != nil {
			continue
		}
		hour, err := shelf.Hour(at)
		if err != nil {
			return err
		}
		err = hour.Heads(func(r *receipts.Receipt, events int) error {
			visit(r, events)
			return nil
		})
		if err := errors.Join(err, hour.Close()); err != nil {
			return err
		}
	}
	return ctx.Err()
}
