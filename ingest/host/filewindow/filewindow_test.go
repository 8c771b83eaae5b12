package filewindow

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
)

// Of any file and any order of questions the window gives the file's bytes.
func TestTheWindowShowsTheFile(t *testing.T) {
	for seed := range uint64(100) {
		random := rand.New(rand.NewPCG(seed, 1))
		file := make([]byte, 1+random.IntN(3000))
		for i := range file {
			file[i] = byte(random.Uint32())
		}
		w := Window{File: bytes.NewReader(file), Ahead: 1 + random.Int64N(500), Keep: random.Int64N(800)}
		size := int64(len(file))
		for range 200 {
			off, n := random.Int64N(size+10), random.Int64N(1200)
			got, err := w.At(off, n, size)
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			least := max(min(n, size-off), 0)
			if int64(len(got)) < least || len(got) > 0 && !bytes.Equal(got, file[off:][:len(got)]) {
				t.Fatalf("seed %d: %d bytes at %d of %d, want %d of the file's", seed, len(got), off, size, least)
			}
		}
	}
}

func TestAFileThatIsTooShortGivesItsBytes(t *testing.T) {
	w := Window{File: bytes.NewReader([]byte("abcdef")), Ahead: 4}
	got, err := w.At(2, 8, 10)
	if string(got) != "cdef" || !errors.Is(err, io.EOF) {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := w.At(3, 3, 6); string(got) != "def" || err != nil {
		t.Errorf("then %q, %v", got, err)
	}
}

// Find agrees with a search through the whole file.
func TestFindFindsTheFirstPlace(t *testing.T) {
	const magic, head = "\xe7ab", 7
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 2))
		file := make([]byte, random.IntN(400))
		for i := range file {
			file[i] = "\xe7abx"[random.IntN(4)]
		}
		w := Window{File: bytes.NewReader(file), Ahead: head + random.Int64N(60)}
		size := int64(len(file))
		for _, align := range []int64{1, 8} {
			for off := int64(0); off <= size; off += align {
				want := int64(-1)
				for at := off; at+head <= size; at += align {
					if bytes.HasPrefix(file[at:], []byte(magic)) {
						want = at
						break
					}
				}
				if got, err := w.Find(magic, off, align, head, size); got != want || err != nil {
					t.Fatalf("seed %d, from %d by %d: %d, %v, want %d", seed, off, align, got, err, want)
				}
			}
		}
	}
}
