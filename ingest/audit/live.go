package audit

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"glint/edge/event"
	"glint/edge/token"
	"glint/ingest/archive"
	"glint/ingest/logline"
	"glint/ingest/receipts"
	"glint/ingest/receiver/codec"
	"glint/ingest/wal"
)

// Transit is the maximum time that a line takes from the edge: later lines do not count
// as lost.
const Transit = 10 * time.Minute

// LiveStream estimates the loss between the edge and ingest: the events of an archive that
// never arrived as live lines. A replay of the archive does not hide it.
//
// It compares the events that were opened since receipts exist, and long enough ago to
// have arrived. It omits lines that would have no key in a receipt: lines that are no
// event, and lines with a bad token by the current keys. An open whose key was unknown on
// arrival, one that the warehouse refused, and one over the cap have no key in a receipt
// either, and look lost.
type LiveStream struct {
	Since         time.Time `json:"since"`          // of opened_at
	Until         time.Time `json:"until"`          // excluded
	Archived      uint64    `json:"archived"`       // compared distinct events of the archive
	NeverArrived  uint64    `json:"never_arrived"`  // events among them that never arrived
	Rate          *float64  `json:"loss_rate"`      // NeverArrived / Archived; nil if Archived is 0
	Low           *float64  `json:"ci_low"`         // 95 % Wilson interval of the rate, for a stream of which the archive is a sample
	High          *float64  `json:"ci_high"`        // its upper end
	OtherTime     uint64    `json:"other_time"`     // lines of the archive that were opened before or later
	NotComparable uint64    `json:"not_comparable"` // lines of the archive that are no event or have a bad token
}

// liveStream reads the archive, and then the places where its events may have arrived, in
// the order of the package comment.
func (o *Options) liveStream(ctx context.Context, nodes []*auditor) (*LiveStream, error) {
	s := &LiveStream{Until: o.Now().UTC().Add(-Transit).Truncate(time.Millisecond)}
	if !o.Until.IsZero() && o.Until.Before(s.Until) {
		s.Until = o.Until.UTC()
	}
	for _, a := range nodes { // before that time, the receipts of a node are incomplete
		if a.since.After(s.Since) {
			s.Since = a.since
		}
	}
	keys, err := o.readArchive(ctx, s)
	if err != nil {
		return nil, err
	}
	archived := newKeySet(keys)
	for _, a := range nodes {
		if err := a.markReceived(ctx, s.Since, archived); err != nil {
			return nil, err
		}
	}
	s.Archived, s.NeverArrived = uint64(len(archived.keys)), uint64(archived.left)
	if s.Archived > 0 {
		rate := float64(s.NeverArrived) / float64(s.Archived)
		low, high := wilson(s.NeverArrived, s.Archived)
		s.Rate, s.Low, s.High = &rate, &low, &high
	}
	return s, nil
}

// markReceived marks the events that arrived at this node, at least from since on.
func (a *auditor) markReceived(ctx context.Context, since time.Time, archived *keySet) error {
	if err := a.markWaiting(ctx, archived); err != nil {
		return err
	}
	var err error
	if a.shelf, err = receipts.OpenReader(a.dir); err != nil { // there are new ones
		return err
	}
	for _, hour := range a.shelf.Hours() {
		if hour.Add(time.Hour).Before(since) {
			continue
		}
		if err := a.markArrived(ctx, hour, archived); err != nil {
			return err
		}
	}
	return nil
}

// readArchive returns the keys of the compared events of the archive.
func (o *Options) readArchive(ctx context.Context, s *LiveStream) (keys []uint64, err error) {
	total := 0
	for _, f := range o.Archive {
		total += int(f.Size)
	}
	done := o.Progress("read bytes of the archive", total)
	for _, f := range o.Archive {
		err := archive.EachLine(ctx, &f, done, func(line []byte) error {
			key, opened, ok := comparableKey(o.Ring, string(line))
			switch {
			case !ok:
				s.NotComparable++
			case opened.Before(s.Since) || !opened.Before(s.Until):
				s.OtherTime++
			default:
				keys = append(keys, key)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// comparableKey returns the key of a line's event; ok is false if no receipt would have it.
func comparableKey(ring *token.Ring, line string) (key uint64, opened time.Time, ok bool) {
	e, _, ok := readToken(ring, line)
	return e.ID.Key(), e.OpenedAt, ok
}

// readToken parses a line, and reports whether its token or UUID is valid. With a UUID
// the token is zero.
func readToken(ring *token.Ring, line string) (e event.Event, t token.Token, ok bool) {
	if err := logline.Parse(&e, line); err != nil {
		return event.Event{}, t, false
	}
	var err error
	if e.Kind == event.KindUUID || e.Kind == "" && len(e.Token) == uuidLen {
		_, err = token.ParseMessageID(e.Token)
	} else {
		t, err = ring.Open(e.Token)
	}
	return e, t, err == nil
}

// uuidLen is the length of a UUID, which no token has, in a line without a kind.
const uuidLen = 36

// markWaiting marks the events of live records that may have no receipt yet.
func (a *auditor) markWaiting(ctx context.Context, archived *keySet) error {
	lanes, err := a.readLog(ctx) // again, for their current state
	if err != nil {
		return err
	}
	live := lanes[0]
	if len(live.numbers) == 0 {
		return nil
	}
	var lines []byte
	var e event.Event
	_, err = wal.Visit(a.laneDir(live), func(p wal.Position, r *wal.Record) error {
		if p.Record <= live.acknowledged {
			return ctx.Err()
		}
		var err error
		lines, err = codec.AppendDecoded(lines[:0], codec.Codec(r.Codec), r.Body, int64(r.DecodedBytes))
		if err != nil {
			return fmt.Errorf("decode record %d: %w", p.Record, err)
		}
		for line := range strings.Lines(string(lines)) {
			if logline.Parse(&e, strings.TrimSpace(line)) == nil {
				archived.mark(e.ID.Key())
			}
		}
		return ctx.Err()
	})
	return err
}

// markArrived marks the events of an hour's live receipts.
func (a *auditor) markArrived(ctx context.Context, hour time.Time, archived *keySet) error {
	h, err := a.shelf.Hour(hour)
	if err != nil {
		return err
	}
	err = h.Each(func(r *receipts.Receipt) error {
		if r.Lane == wal.LaneLive {
			for _, key := range r.Events {
				archived.mark(key)
			}
		}
		return ctx.Err()
	})
	if closeErr := h.Close(); err == nil {
		err = closeErr
	}
	return err
}

// wilson returns the 95 % Wilson interval of k of n; 0 to 1 if n is 0
// (https://doi.org/10.1080/01621459.1927.10502953).
func wilson(k, n uint64) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	const z = 1.959963984540054
	size, p := float64(n), float64(k)/float64(n)
	middle := p + z*z/(2*size)
	half := z * math.Sqrt(p*(1-p)/size+z*z/(4*size*size))
	low, high = (middle-half)/(1+z*z/size), (middle+half)/(1+z*z/size)
	if k == 0 {
		low = 0 // exactly
	}
	if k == n {
		high = 1
	}
	return low, high
}
