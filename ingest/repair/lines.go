package repair

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"glint/edge/event"
	"glint/ingest/archive"
	"glint/ingest/archive/archiver"
	"glint/ingest/batch"
	"glint/ingest/logline"
	"glint/ingest/receiver/codec"
	"glint/ingest/wal"
)

// Limits of one load.
const (
	maxLines = 50_000
	maxBytes = 64 << 20
)

// gathered is a set of lines that are loaded together, each with the time and the source
// of the record in which it arrived first.
type gathered struct {
	bodies map[*record]*batch.Body
	has    map[uint64]bool // events; repeats of a line are omitted
	bytes  int
	count  func(*Row) // counts a repaired event, by the origin of its line
}

func newGathered(count func(*Row)) *gathered {
	return &gathered{bodies: map[*record]*batch.Body{}, has: map[uint64]bool{}, count: count}
}

func (g *gathered) empty() {
	clear(g.bodies)
	clear(g.has)
	g.bytes = 0
}

func (g *gathered) full() bool { return len(g.has) >= maxLines || g.bytes >= maxBytes }

func (g *gathered) all() (bodies []batch.Body) {
	for _, b := range g.bodies {
		bodies = append(bodies, *b)
	}
	return bodies
}

// take adds a line to g if its event is wanted.
func (r *run) take(g *gathered, line []byte) {
	var e event.Event
	if logline.Parse(&e, string(bytes.TrimSpace(line))) != nil {
		return
	}
	key := e.ID.Key()
	from := r.wanted[key]
	if from == nil || g.has[key] {
		return
	}
	body := g.bodies[from]
	if body == nil {
		body = &batch.Body{Record: from.number, ReceivedAt: from.received, Source: from.row.Source}
		g.bodies[from] = body
	}
	body.Lines = append(append(body.Lines, bytes.TrimSpace(line)...), '\n')
	body.Count++
	g.has[key] = true
	g.bytes += len(line)
}

// fromLog takes lines from all records in the log, including records that the warehouse
// acknowledged long ago.
func (r *run) fromLog(ctx context.Context) error {
	type place struct {
		lane   string
		record uint64
	}
	records := map[place]bool{}
	for _, from := range r.wanted {
		records[place{from.lane, from.number}] = true
	}
	g := newGathered(func(row *Row) { row.FromLog++ })
	for _, lane := range []string{wal.LaneLive, wal.LaneReplay} {
		var lines []byte
		_, err := wal.Visit(filepath.Join(r.LogDir, lane), func(at wal.Position, record *wal.Record) error {
			if !records[place{lane, at.Record}] {
				return ctx.Err()
			}
			var err error
			lines, err = codec.AppendDecoded(lines[:0], codec.Codec(record.Codec), record.Body, int64(record.DecodedBytes))
			if err != nil {
				return fmt.Errorf("decode record %d: %w", at.Record, err)
			}
			for line := range bytes.Lines(lines) {
				r.take(g, line)
			}
			if g.full() {
				return r.load(ctx, g)
			}
			return ctx.Err()
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("lane %s: %w", lane, err)
		}
	}
	return r.load(ctx, g)
}

// fromArchive takes lines from the files of an archive. It skips glint's files of other
// hours, by their names.
func (r *run) fromArchive(ctx context.Context) error {
	hours := r.hoursWanted()
	var files []archive.File
	total := 0
	for _, f := range r.Archive {
		if hour, ok := archiver.HourOf(f.Path); ok && !hours[hour] {
			continue
		}
		files = append(files, f)
		total += int(f.Size)
	}
	if len(r.wanted) == 0 || len(files) == 0 {
		return nil
	}
	var done func(int)
	if r.Progress != nil {
		done = r.Progress("read bytes of the archive", total)
	}
	g := newGathered(func(row *Row) { row.FromArchive++ })
	for i := range files {
		err := archive.EachLine(ctx, &files[i], done, func(line []byte) error {
			r.take(g, line)
			if g.full() {
				return r.load(ctx, g)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return r.load(ctx, g)
}
