// Package archiver stores every accepted event line in files by the hour of its
// receipt, in a folder or a bucket, for other engines and for `glint replay`.
//
// A file contains the lines of whole log records, which its name identifies.
// The records are decided before the file is written: after a kill at any
// moment the same file is written again, so each line is in exactly one file.
// The log keeps records until they are archived.
//
// A Judge decides how much of each line a file keeps, at each try to store it: the same
// file written again has the same lines, or less of them.
package archiver

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/prometheus/client_golang/prometheus"

	"glint/ingest/archive"
	"glint/ingest/batch"
	"glint/ingest/host/atomicfile"
	"glint/ingest/host/backoff"
	"glint/ingest/objects"
)

// Lane archives one lane of the log.
type Lane struct {
	Name     string
	Dir      string // of its state
	Source   batch.Source
	Store    objects.Store
	MaxLines int           // a file is closed after that many lines; a larger record makes a larger file
	Interval time.Duration // or this long after its first record
	// Full reports that the log has no more room for records that are not
	// archived. A file that cannot be stored is then given up, and its lines
	// are counted as lost.
	Full func() bool
	// Archived is called with the number of the first record that is not archived.
	Archived func(before uint64)
	Judge    Judge
	Logger   *slog.Logger
	Metrics  *Metrics

	state state
	held  *batch.Body

	mu    sync.Mutex
	close func() // closes the file in progress; nil without one
}

// Judge decides how much of a line may be archived.
type Judge interface {
	// Archivable reports what the line itself says: whether it may be archived, and
	// whether all of it may.
	Archivable(line string) (may, whole bool)
	// Await returns once the judge knows what was decided before that time, or with the
	// error of ctx. The other methods are called after it.
	Await(ctx context.Context, decided time.Time) error
	// KeepsWhole reports whether Keep returns each line that is archivable whole as it is.
	KeepsWhole() bool
	// Keep returns what may be kept now of an archivable line; "": nothing.
	Keep(line string) string
}

// Flush closes the file in progress before its time.
func (l *Lane) Flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.close != nil {
		l.close()
	}
}

func (l *Lane) setClose(do func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.close = do
}

// state is the stored progress of a lane.
type state struct {
	LogID   string `json:"log_id"`            // in all names; random
	Next    uint64 `json:"next_record"`       // first record that is in no file yet
	Pending *span  `json:"pending,omitempty"` // decided, and perhaps stored
}

// span is the range of records in a file.
type span struct {
	First uint64    `json:"first_record"`
	Last  uint64    `json:"last_record"`
	Hour  time.Time `json:"hour"`
}

// Open reads the lane's state and returns the number of the first record that
// is not archived. If the state file is damaged, it starts a new state: names
// stay unique, and lines may be archived twice.
func (l *Lane) Open() (next uint64, err error) {
	if err := os.MkdirAll(l.Dir, 0o700); err != nil {
		return 0, fmt.Errorf("open the archive's state: %w", err)
	}
	b, err := os.ReadFile(l.path())
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return 0, fmt.Errorf("open the archive's state: %w", err)
	case json.Unmarshal(b, &l.state) != nil:
		l.Logger.Warn("the archive's state is damaged; lines may be archived twice", "lane", l.Name)
		l.state = state{}
	}
	if l.state.LogID == "" || l.Source.Last()+1 < l.state.Next { // the log has been replaced
		l.state = state{LogID: rand.Text(), Next: 1}
		return 1, l.save()
	}
	return l.state.Next, nil
}

func (l *Lane) path() string { return filepath.Join(l.Dir, l.Name+".json") }

func (l *Lane) save() error {
	if err := atomicfile.WriteJSON(l.path(), "", l.state); err != nil {
		return fmt.Errorf("keep the archive's state: %w", err)
	}
	return nil
}

// Run archives until ctx ends. Once closing has ended, it stores a file as soon
// as there is nothing more to read. Call Open first.
func (l *Lane) Run(ctx, closing context.Context) {
	pause := backoff.Backoff{First: time.Second, Last: time.Minute}
	for ctx.Err() == nil {
		err := l.run(ctx, closing)
		if ctx.Err() == nil && err != nil {
			l.Logger.Warn("archive not written, trying again", "lane", l.Name, "error", err)
			_ = pause.Wait(ctx) // the loop ends with ctx
		}
	}
}

func (l *Lane) run(ctx, closing context.Context) error {
	l.held = nil
	first := l.state.Next
	next := l.Source.Read(first)
	for {
		f, err := l.gather(ctx, closing, next)
		if err != nil {
			return err
		}
		if l.state.Pending == nil {
			l.state.Pending = &f.span
			if err := l.save(); err != nil {
				return err
			}
		}
		if err := l.store(ctx, f); err != nil {
			return err
		}
		l.state.Next, l.state.Pending = f.Last+1, nil
		if err := l.save(); err != nil {
			return err
		}
		l.Archived(l.state.Next)
	}
}

// file is a file in progress.
type file struct {
	span
	content  bytes.Buffer // of the lines that may be archived, by what they say themselves
	lines    int
	reduced  bool      // of some lines not all may be archived
	received time.Time // of its last record
	again    bool      // it was decided by an earlier run, which may have stored it
}

// gather reads the records of the next file: the decided ones, or new ones
// until the file is full, old enough, or its hour ends.
func (l *Lane) gather(ctx, closing context.Context, next func(context.Context) (batch.Body, error)) (*file, error) {
	f := &file{again: l.state.Pending != nil}
	z := gzip.NewWriter(&f.content)
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	defer l.setClose(nil)
	for {
		body, err := l.read(waiting, next)
		if err != nil && ctx.Err() == nil && waiting.Err() != nil && f.First > 0 {
			break // old enough
		}
		if err != nil {
			return nil, err
		}
		hour := body.ReceivedAt.UTC().Truncate(time.Hour)
		if p := l.state.Pending; p != nil && body.Record > p.Last || p == nil && f.First > 0 && !hour.Equal(f.Hour) {
			l.held = &body
			break
		}
		if f.First == 0 {
			f.span = span{First: body.Record, Hour: hour}
			stop := context.AfterFunc(closing, cancel)
			defer stop()
			timer := time.AfterFunc(l.Interval, cancel)
			defer timer.Stop()
			l.setClose(cancel)
		}
		f.Last, f.received = body.Record, body.ReceivedAt
		l.write(f, z, body.Lines)
		if body.Free != nil {
			body.Free()
		}
		if p := l.state.Pending; p == nil && f.lines >= l.MaxLines || p != nil && f.Last == p.Last {
			break
		}
	}
	if p := l.state.Pending; p != nil {
		f.span = *p // also if the log has lost some of its records
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	return f, nil
}

// read returns the held record, or else the next one.
func (l *Lane) read(ctx context.Context, next func(context.Context) (batch.Body, error)) (batch.Body, error) {
	if l.held != nil {
		body := *l.held
		l.held = nil
		return body, nil
	}
	return next(ctx)
}

// write adds the lines that are JSON objects and may be archived. The others are dead
// letters, or opens of which only a date may be kept.
func (l *Lane) write(f *file, z *gzip.Writer, lines []byte) {
	for line := range bytes.Lines(lines) {
		line = archive.Line(line)
		if len(line) == 0 || line[0] != '{' {
			continue
		}
		may, whole := l.Judge.Archivable(string(line))
		if !may {
			continue
		}
		_, _ = z.Write(line) // into memory
		_, _ = z.Write([]byte{'\n'})
		f.lines++
		f.reduced = f.reduced || !whole
	}
}

// Metrics are the counters of the archive.
type Metrics struct{ files, lines, reduced, lost, faults prometheus.Counter }

// NewMetrics registers the metrics.
func NewMetrics(r prometheus.Registerer) *Metrics {
	counter := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
		r.MustRegister(c)
		return c
	}
	return &Metrics{
		files:   counter("glint_archive_files_total", "Files that were stored in the archive."),
		lines:   counter("glint_archive_lines_total", "Event lines in them."),
		reduced: counter("glint_archive_reduced_lines_total", "Event lines of which the archive has less than came, or nothing, since no more may be kept of their message."),
		lost:    counter("glint_archive_lost_lines_total", "Event lines that the archive did not take while the log was full of them."),
		faults:  counter("glint_archive_faults_total", "Tries to store a file that failed."),
	}
}
