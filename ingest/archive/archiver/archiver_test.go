package archiver

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/prometheus/client_golang/prometheus"

	"glint/ingest/batch"
	"glint/ingest/objects"
)

var hour = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

// records are a log in memory; its last one never comes.
type records []batch.Body

func (r records) Read(first uint64) func(context.Context) (batch.Body, error) {
	next := int(first) - 1
	return func(ctx context.Context) (batch.Body, error) {
		if next < len(r) {
			next++
			return r[next-1], nil
		}
		<-ctx.Done()
		return batch.Body{}, ctx.Err()
	}
}
func (r records) Last() uint64          { return uint64(len(r)) }
func (records) Release(n uint64) uint64 { return n }

// logOf is a log of so many records of three lines each.
func logOf(n int) (all records) {
	for i := range n {
		var b strings.Builder
		for k := range 3 {
			fmt.Fprintf(&b, `{"event_id":"%d-%d","person":%d}`+"\n", i, k, k)
		}
		all = append(all, batch.Body{Record: uint64(i + 1), ReceivedAt: hour.Add(time.Duration(i) * time.Second), Lines: []byte(b.String())})
	}
	return all
}

// choices judge lines by their person.
type choices struct {
	mu    sync.Mutex
	known chan struct{} // closed once anything is known
	fates map[string]string
	asked time.Time

	waits  int
	waited func() // called at the second wait for known; may be nil
}

func choicesOf(fates map[string]string) *choices {
	c := &choices{known: make(chan struct{}), fates: fates}
	close(c.known)
	return c
}

func (c *choices) Archivable(line string) (may, whole bool) {
	return !strings.Contains(line, "never"), !strings.Contains(line, "less")
}

func (c *choices) Await(ctx context.Context, decided time.Time) error {
	if c.waits++; c.waits == 2 && c.waited != nil {
		c.waited()
		c.waited = nil
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-c.known:
		c.mu.Lock()
		defer c.mu.Unlock()
		c.asked = decided
		return nil
	}
}

func (c *choices) KeepsWhole() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.fates) == 0
}

func (c *choices) Keep(line string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	for person, kept := range c.fates {
		if strings.Contains(line, person) {
			return kept
		}
	}
	return strings.ReplaceAll(line, "less", "")
}

// shelf is a store that counts what is put into it.
type shelf struct {
	objects.Folder
	puts atomic.Int32
}

func (s *shelf) Put(ctx context.Context, name string, content []byte) error {
	s.puts.Add(1)
	return s.Folder.Put(ctx, name, content)
}

// content returns the text of each file, by name.
func (s *shelf) content(t *testing.T) map[string]string {
	t.Helper()
	list, err := s.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, o := range list {
		packed, err := Read(t.Context(), s, o.Name)
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		all[path.Base(o.Name)] = string(text)
	}
	return all
}

// bench is a lane on its store.
type bench struct {
	*Lane
	store *shelf
	full  atomic.Bool
}

func newBench(t *testing.T, log records, judge Judge) *bench {
	t.Helper()
	b := &bench{store: &shelf{Folder: objects.Folder(t.TempDir())}}
	b.Lane = &Lane{
		Name: "live", Dir: t.TempDir(), Source: log, Store: b.store, MaxLines: 6, Interval: time.Hour, Full: b.full.Load,
		Archived: func(uint64) {}, Judge: judge, Logger: slog.New(slog.DiscardHandler), Metrics: NewMetrics(prometheus.NewRegistry()),
	}
	return b
}

// again is a lane of the next process.
func (b *bench) again(judge Judge) *bench {
	next := &bench{store: b.store}
	next.Lane = &Lane{
		Name: b.Name, Dir: b.Dir, Source: b.Source, Store: b.store, MaxLines: b.MaxLines, Interval: b.Interval, Full: next.full.Load,
		Archived: b.Archived, Judge: judge, Logger: b.Logger, Metrics: NewMetrics(prometheus.NewRegistry()),
	}
	return next
}

// run runs the lane until it has archived the records before one, or until stop ends it.
func (b *bench) run(t *testing.T, until uint64) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	b.Archived = func(before uint64) {
		if before >= until {
			cancel()
		}
	}
	if _, err := b.Open(); err != nil {
		t.Fatal(err)
	}
	b.Run(ctx, t.Context())
}

// count is the value of a counter.
func count(t *testing.T, c prometheus.Counter) float64 {
	t.Helper()
	r := prometheus.NewRegistry()
	if err := r.Register(c); err != nil {
		t.Fatal(err)
	}
	families, err := r.Gather()
	if err != nil || len(families) != 1 {
		t.Fatal(families, err)
	}
	return families[0].GetMetric()[0].GetCounter().GetValue()
}

func whole(log records, from, to int) string {
	var b strings.Builder
	for _, body := range log[from:to] {
		b.Write(body.Lines)
	}
	return b.String()
}

// files checks the texts of an archive in the order of their names.
func (b *bench) files(t *testing.T, want ...string) (names []string) {
	t.Helper()
	all := b.store.content(t)
	names = slices.Sorted(maps.Keys(all))
	got := make([]string, 0, len(names))
	for _, name := range names {
		got = append(got, all[name])
	}
	if !slices.Equal(got, want) {
		t.Errorf("the archive has\n%q, want\n%q", got, want)
	}
	return names
}

func TestWithoutChoicesEachByteStays(t *testing.T) {
	log := logOf(4)
	b := newBench(t, log, choicesOf(nil))
	b.run(t, 5)
	b.files(t, whole(log, 0, 2), whole(log, 2, 4))
	if n := count(t, b.Metrics.reduced); n != 0 {
		t.Errorf("%v lines were reduced", n)
	}
}

func TestLinesSayThemselvesThatLessMayBeKept(t *testing.T) {
	log := logOf(2)
	log[0].Lines = []byte("{\"never\":1}\n{\"less\":2}\nno event\n{\"x\":3}\n")
	b := newBench(t, log, choicesOf(nil))
	b.MaxLines = 5
	b.run(t, 3)
	b.files(t, "{\"\":2}\n{\"x\":3}\n"+whole(log, 1, 2))
}

func TestTheJudgeIsAskedForTheTimeOfTheLastRecord(t *testing.T) {
	log := logOf(2)
	judge := choicesOf(nil)
	newBench(t, log, judge).run(t, 3)
	if !judge.asked.Equal(log[1].ReceivedAt) {
		t.Errorf("asked for %v", judge.asked)
	}
}

// TestAFileWrittenAgainHoldsNoMore kills a lane after each step of a file, and lets people
// withdraw before the next process writes it: it has the same name, and no line of theirs.
func TestAFileWrittenAgainHoldsNoMore(t *testing.T) {
	log := logOf(4)
	reduced := strings.NewReplacer(`{"event_id":"0-1","person":1}`+"\n", "{}\n", `{"event_id":"1-1","person":1}`+"\n", "{}\n").Replace(whole(log, 0, 2))
	gone := map[string]string{`"person":0`: "", `"person":1`: "", `"person":2`: ""}
	for _, c := range []struct {
		name  string
		fates map[string]string
		want  []string
	}{
		{"nobody", nil, []string{whole(log, 0, 2), whole(log, 2, 4)}},
		{"one person", map[string]string{`"person":1`: "{}"}, []string{reduced, strings.NewReplacer(`{"event_id":"2-1","person":1}`, "{}", `{"event_id":"3-1","person":1}`, "{}").Replace(whole(log, 2, 4))}},
		{"everybody", gone, []string{}},
	} {
		for _, stored := range []bool{false, true} { // before the file was stored, or before the state says so
			t.Run(fmt.Sprintf("%s, stored %v", c.name, stored), func(t *testing.T) {
				b := newBench(t, log, choicesOf(nil))
				if _, err := b.Open(); err != nil {
					t.Fatal(err)
				}
				f, err := b.gather(t.Context(), t.Context(), b.Source.Read(1))
				if err != nil {
					t.Fatal(err)
				}
				b.state.Pending = &f.span
				if err := b.save(); err != nil {
					t.Fatal(err)
				}
				if stored {
					if err := b.put(t.Context(), f); err != nil {
						t.Fatal(err)
					}
				}
				before := slices.Sorted(maps.Keys(b.store.content(t)))
				next := b.again(choicesOf(c.fates))
				next.run(t, 5)
				names := next.files(t, c.want...)
				if stored && len(names) > 0 && names[0] != before[0] {
					t.Errorf("%v, before %v", names, before)
				}
			})
		}
	}
}

// TestNothingIsArchivedThatCannotBeJudged lets a lane run without a warehouse: it waits, and
// gives the lines up once the log is full; what it stores in the end is judged.
func TestNothingIsArchivedThatCannotBeJudged(t *testing.T) {
	log := logOf(4)
	judge := &choices{known: make(chan struct{}), fates: map[string]string{`"person":1`: "", `"person":2`: ""}}
	b := newBench(t, log, judge)
	b.full.Store(true)
	b.run(t, 3) // the first file is given up
	if n := count(t, b.Metrics.lost); n < 6 {
		t.Errorf("%v lines are lost", n)
	}
	b.files(t)

	c := newBench(t, log, judge)
	judge.waits = 0
	judge.waited = func() { // the lane waits for the second time: nothing may have come meanwhile
		if n := c.store.puts.Load(); n > 0 {
			t.Errorf("%d files are stored, though nothing is known", n)
		}
		close(judge.known)
	}
	c.run(t, 5)
	c.files(t, "{\"event_id\":\"0-0\",\"person\":0}\n{\"event_id\":\"1-0\",\"person\":0}\n", "{\"event_id\":\"2-0\",\"person\":0}\n{\"event_id\":\"3-0\",\"person\":0}\n")
	if n := count(t, c.Metrics.reduced); n != 8 {
		t.Errorf("%v lines were reduced", n)
	}
}
