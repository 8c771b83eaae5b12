package archiver

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/klauspost/compress/gzip"

	"glint/ingest/host/backoff"
)

// store stores a file, retrying until it succeeds or the log has no more room
// to wait.
func (l *Lane) store(ctx context.Context, f *file) error {
	if f.lines == 0 {
		return nil
	}
	pause := backoff.Backoff{First: time.Second, Last: time.Minute}
	for {
		err := l.judged(ctx, f)
		if err == nil {
			err = l.put(ctx, f)
		}
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		l.Metrics.faults.Inc()
		if l.Full() {
			l.Metrics.lost.Add(float64(f.lines))
			l.Logger.Error("lines are left out of the archive: it takes none, and the log is full of them", "lane", l.Name, "lines", f.lines, "error", err)
			return nil
		}
		l.Logger.Warn("archive takes no file, trying again", "lane", l.Name, "error", err)
		if err := pause.Wait(ctx); err != nil {
			return err
		}
	}
}

// fullEvery is the interval at which a lane that waits for its judge asks whether the log
// is full.
const fullEvery = time.Second

// judged waits until the judge knows what was decided before the file's last record came,
// or until the log is full.
func (l *Lane) judged(ctx context.Context, f *file) error {
	for {
		waiting, cancel := context.WithTimeout(ctx, fullEvery)
		err := l.Judge.Await(waiting, f.received)
		cancel()
		if err == nil || ctx.Err() != nil || l.Full() {
			if err != nil {
				err = fmt.Errorf("learn how much of the lines may be kept: %w", err)
			}
			return err
		}
	}
}

// put stores what may be kept of a file now. If that is nothing, it removes what an earlier
// run may have stored.
func (l *Lane) put(ctx context.Context, f *file) error {
	name := fmt.Sprintf("%s/%s-%s-%012d-%012d%s", f.Hour.Format("year=2006/month=01/day=02/hour=15"), l.Name, l.state.LogID, f.First, f.Last, extension)
	content, lines, reduced := f.content.Bytes(), f.lines, 0
	if f.reduced || !l.Judge.KeepsWhole() {
		var err error
		if content, lines, reduced, err = l.keep(content); err != nil {
			return err
		}
	}
	switch {
	case lines > 0:
		if err := l.Store.Put(ctx, name, content); err != nil {
			return err
		}
		l.Metrics.files.Inc()
	case f.again:
		if err := l.Store.Remove(ctx, name); err != nil {
			return err
		}
	}
	l.Metrics.lines.Add(float64(lines))
	l.Metrics.reduced.Add(float64(reduced))
	return nil
}

// keep returns a file with what may be kept of each line, its number of lines, and how many
// lines lost something.
func (l *Lane) keep(content []byte) (kept []byte, lines, reduced int, err error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	err = EachLine(content, func(line []byte) {
		before := string(bytes.TrimSuffix(line, []byte{'\n'}))
		text := l.Judge.Keep(before)
		if text != before {
			reduced++
		}
		if text == "" {
			return
		}
		lines++
		_, _ = z.Write([]byte(text)) // into memory
		_, _ = z.Write([]byte{'\n'})
	})
	if err == nil {
		err = z.Close()
	}
	return b.Bytes(), lines, reduced, err
}
