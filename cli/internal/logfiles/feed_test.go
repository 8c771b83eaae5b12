package logfiles

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"golang.org/x/sync/errgroup"

	"glint/ingest/archive"
	"glint/ingest/host/inorder"
)

var errOdd = errors.New("an odd line")

// numbering writes each line behind its number in the file, but for odd ones.
type numbering struct{ stateful bool }

func (n numbering) Open(string) Lines           { return &numbered{stateful: n.stateful} }
func (numbering) Settle(context.Context) error  { return nil }
func (n *numbered) Stateful() bool              { return n.stateful }
func (n *numbered) Next(lines []string) Results { return &numberedLines{file: n, lines: lines} }

type numbered struct {
	stateful bool
	number   int
}

type numberedLines struct {
	file  *numbered
	lines []string
	upper []string
}

func (n *numberedLines) Parse() {
	for range rand.IntN(50) { // so that blocks are done in another order
		runtime.Gosched()
	}
	for _, line := range n.lines {
		n.upper = append(n.upper, strings.ToUpper(line))
	}
}

func (n *numberedLines) Append(dst []byte, _ bool) ([]byte, error) {
	line := n.upper[0]
	n.upper = n.upper[1:]
	n.file.number++
	if strings.HasPrefix(line, "ODD") {
		return dst, errOdd
	}
	return fmt.Appendf(dst, "%d %s\n", n.file.number, line), nil
}

// fed is what becomes of files.
type fed struct {
	Lines    []string
	Faults   []string
	NoEvents []string
	Marks    []fileMark
	Read     int64
}

// feed reads the files as a Job does, from what the marks know.
func feed(t *testing.T, files []archive.File, known map[string]archive.Mark, stateful bool, parsers int) (all fed) {
	t.Helper()
	m := &marks{files: map[string]archive.Mark{}, known: known}
	inOrder, unparsed, out := make(chan *block, 2), make(chan *block), make(chan *body)
	f := &feeder{out: out, order: &inorder.Queue[*body]{}, read: numbering{stateful}, unit: "event", fault: func(err error) {
		all.Faults = append(all.Faults, err.Error())
	}}
	g, ctx := errgroup.WithContext(t.Context())
	g.Go(func() error {
		defer close(inOrder)
		defer close(unparsed)
		return (&reader{inOrder: inOrder, unparsed: unparsed, marks: m, read: numbering{stateful}, unit: "event"}).run(ctx, files)
	})
	for range parsers {
		g.Go(func() error { return parse(ctx, unparsed) })
	}
	g.Go(func() error {
		defer close(out)
		return f.run(ctx, inOrder)
	})
	for b := range out {
		lines := strings.SplitAfter(string(b.lines), "\n")
		if all.Lines = append(all.Lines, lines[:len(lines)-1]...); b.count != len(lines)-1 || b.count > BodyLines {
			t.Errorf("a body of %d lines says %d", len(lines)-1, b.count)
		}
		all.Marks, all.Read = append(all.Marks, b.marks...), b.read
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	all.NoEvents = f.noEvents
	return all
}

// oneByOne reads the lines of a file in one go.
func oneByOne(t *testing.T, path string) (lines []string) {
	t.Helper()
	in, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close() }()
	r, err := archive.NewReader(in, 0)
	if err != nil {
		return nil
	}
	defer r.Close()
	for n := 1; ; n++ {
		line, err := r.Next()
		if err != nil {
			return lines
		}
		if !bytes.HasPrefix(line, []byte("odd")) {
			lines = append(lines, fmt.Sprintf("%d %s\n", n, strings.ToUpper(string(line))))
		}
	}
}

func packed(content string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, content) // into memory
	_ = w.Close()
	return b.String()
}

// oddFiles writes files of every kind and returns them in their order.
func oddFiles(t *testing.T, chance *rand.Rand) (files []archive.File) {
	t.Helper()
	lines := func(n int, end string) string {
		var b strings.Builder
		for i := range n {
			if chance.IntN(50) == 0 {
				b.WriteString("odd ")
			}
			fmt.Fprintf(&b, "line %d %s%s", i, strings.Repeat("x", chance.IntN(200)), end)
		}
		return b.String()
	}
	whole := packed(lines(30_000, "\n"))
	long := strings.Repeat("y", archive.MaxLineBytes+1)
	dir := t.TempDir()
	for i, content := range []string{
		lines(50_000, "\n"), lines(9000, "\r\n"), strings.TrimSpace(lines(5000, "\n")), "one line", "", "\n\n \n", "odd\nodd again\n",
		whole, whole[:len(whole)/2], packed("x\n")[:5], "GIF89a\x01\x00\n", packed(lines(1, "\n\n\n")),
		lines(10, "\n") + long + "\n" + lines(10, "\n") + long, long[:archive.MaxLineBytes] + "\n" + long[1:],
	} {
		path := filepath.Join(dir, fmt.Sprintf("%02d", i))
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, archive.File{Path: path, Size: int64(len(content)), Regular: true})
	}
	return files
}

// Read in blocks by several, the files give the lines of a reader that takes one after
// the other, with their numbers, and the same faults and marks as by one.
func TestBlocksKeepTheOrderOfLines(t *testing.T) {
	for seed := range uint64(2) {
		files := oddFiles(t, rand.New(rand.NewPCG(seed, 1)))
		var want []string
		for _, file := range files {
			want = append(want, oneByOne(t, file.Path)...)
		}
		for _, stateful := range []bool{false, true} {
			one, many := feed(t, files, nil, stateful, 1), feed(t, files, nil, stateful, 7)
			if diff := cmp.Diff(want, many.Lines); diff != "" {
				t.Fatalf("seed %d: %.1000s", seed, diff)
			}
			if diff := cmp.Diff(one, many, cmp.AllowUnexported(fileMark{})); diff != "" {
				t.Errorf("seed %d: %.1000s", seed, diff)
			}
			if len(many.Faults) != 5 || len(many.NoEvents) != 1 {
				t.Errorf("seed %d: faults %q, without events %q", seed, many.Faults, many.NoEvents)
			}
		}
	}
}

// A run that goes on from any mark of an earlier one gives the rest, with the same
// numbers where the lines before count.
func TestEveryMarkGoesOnWithTheNextLine(t *testing.T) {
	files := oddFiles(t, rand.New(rand.NewPCG(9, 9)))
	for _, file := range []archive.File{files[0], files[2], files[7]} {
		all := feed(t, []archive.File{file}, nil, true, 3)
		for i, mark := range all.Marks[:len(all.Marks)-1] {
			rest := feed(t, []archive.File{file}, map[string]archive.Mark{file.Path: mark.mark}, true, 3)
			if n := len(all.Lines) - len(rest.Lines); n <= 0 {
				t.Errorf("%s, mark %d: nothing was known", file.Path, i)
			} else if diff := cmp.Diff(all.Lines[n:], rest.Lines); diff != "" {
				t.Errorf("%s, mark %d: %.1000s", file.Path, i, diff)
			}
			if len(rest.Lines)+(i+1)*BodyLines != len(all.Lines) {
				t.Errorf("%s, mark %d: %d of %d lines are left", file.Path, i, len(rest.Lines), len(all.Lines))
			}
		}
	}
}
