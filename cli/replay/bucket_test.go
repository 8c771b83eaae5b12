package replay

import (
	"bytes"
	"context"
	"crypto/sha256"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"glint/cli/internal/app"
	"glint/cli/internal/logfiles"
	"glint/ingest/objects"
)

// bucket is a server that speaks S3, with the bucket "my-logs".
type bucket struct {
	*httptest.Server
	t      *testing.T
	store  objects.Store
	reads  atomic.Int64 // of files
	broken atomic.Bool  // reads of files end early
}

// newBucket also gives the place the key.
func newBucket(t *testing.T, p *place) *bucket {
	t.Helper()
	b := &bucket{t: t}
	backend := s3mem.New()
	if err := backend.CreateBucket("my-logs"); err != nil {
		t.Fatal(err)
	}
	s3 := gofakes3.New(backend).Server()
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && strings.Count(r.URL.Path, "/") > 2 {
			b.reads.Add(1)
			if b.broken.Load() {
				w.Header().Set("Content-Length", "1000000")
				w.Header().Set("Last-Modified", "Mon, 02 Mar 2026 10:00:00 GMT")
				w.Header().Set("Etag", `"x"`)
				_, _ = w.Write([]byte("{"))
				return
			}
		}
		s3.ServeHTTP(w, r)
	}))
	t.Cleanup(b.Close)
	p.environment = map[string]string{"AWS_ACCESS_KEY_ID": "the-id", "AWS_SECRET_ACCESS_KEY": "the-secret"}
	target := objects.Target{Place: "s3://my-logs", Endpoint: b.URL, Region: "eu-west-1", Getenv: func(name string) string { return p.environment[name] }}
	var err error
	if b.store, err = target.Open(); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bucket) put(name string, content []byte) {
	b.t.Helper()
	if err := b.store.Put(b.t.Context(), name, content); err != nil {
		b.t.Fatal(err)
	}
}

func TestABucketIsSentOnceAndThenWhatIsNew(t *testing.T) {
	p := newPlace(t)
	b := newBucket(t, p)
	one, two := some("a", 50_000), some("b", 3)
	b.put("opens/2026/a.log.gz", gzipped(t, text(one)))
	b.put("opens/b.log", text(two))
	b.put("opens/.hidden", []byte("x"))
	b.put("opens-of-others/c.log", text(some("c", 4)))
	args := []string{"--endpoint", b.URL, "--region", "eu-west-1", "s3://my-logs/opens/"}

	code, stdout, stderr := p.replay(append(args, "--dry-run")...)
	if code != 0 || !strings.Contains(stdout, "s3://my-logs/opens/2026/a.log.gz") || strings.Count(stdout, "  new\n") != 2 {
		t.Errorf("exit %d, stdout:\n%s\nstderr:\n%s", code, stdout, stderr)
	}
	stderr = p.must(slices.Concat(one, two), args...)
	if !strings.Contains(stderr, "replayed 2 files: 50,003 lines, ") {
		t.Errorf("stderr:\n%s", stderr)
	}
	before := b.reads.Load()
	stderr = p.must(nil, args...)
	if !strings.Contains(stderr, "2 files were replayed before") {
		t.Errorf("stderr:\n%s", stderr)
	}
	if n := b.reads.Load() - before; n != 0 {
		t.Errorf("%d files were fetched again to see that they are the same", n)
	}
	p.must(slices.Concat(one, two), append(args, "--restart")...)

	grown, fresh := some("d", 5), some("e", 7)
	b.put("opens/b.log", append(text(two), text(grown)...))
	b.put("opens/e.log", text(fresh))
	p.must(slices.Concat(grown, fresh), args...)
	b.put("opens/b.log", text(some("x", 20)))
	p.must(some("x", 20), args...)
}

func TestABucketAfterAStopGoesOn(t *testing.T) {
	p := newPlace(t)
	b := newBucket(t, p)
	lines := some("a", 6*logfiles.BodyLines)
	b.put("a.log", text(lines))
	args := []string{"--endpoint", b.URL, "--region", "eu-west-1", "s3://my-logs"}
	ctx, cancel := context.WithCancel(t.Context())
	refused := map[[sha256.Size]byte]bool{}
	p.ingest.refusingBodies(func(body []byte) int {
		if bytes.HasPrefix(body, text(lines[:1])) {
			return 0
		}
		refused[sha256.Sum256(body)] = true
		if len(refused) == logfiles.InFlight { // whoever posted the first body is at another one: it is marked
			cancel()
		}
		return http.StatusServiceUnavailable
	})
	code, _, stderr := p.replayUntil(ctx, args...)
	cancel()
	if code != app.ExitInterrupted || !strings.Contains(stderr, "repeat the command to continue") {
		t.Errorf("exit %d, stderr:\n%s", code, stderr)
	}
	p.ingest.refusing(nil)
	got := p.ingest.got()
	if code, _, stderr := p.replay(args...); code != 0 {
		t.Errorf("exit %d, stderr:\n%s", code, stderr)
	}
	rest := p.ingest.got()
	if len(rest) >= len(lines) {
		t.Error("it began anew")
	}
	all := slices.Sorted(slices.Values(slices.Concat(got, rest)))
	if !cmp.Equal(slices.Sorted(slices.Values(lines)), slices.Compact(all)) {
		t.Error("lines are missing")
	}
}

func TestABucketThatCannotBeRead(t *testing.T) {
	p := newPlace(t)
	b := newBucket(t, p)
	b.put("opens/a.log", text(some("a", 3)))
	args := []string{"--endpoint", b.URL, "--region", "eu-west-1"}
	for _, c := range []struct {
		name, place string
		code        int
		want        string
	}{
		{"no such bucket", "s3://missing/opens", app.ExitFailed, "NoSuchBucket"},
		{"nothing there", "s3://my-logs/none", app.ExitFailed, "no files there"},
		{"no bucket's name", "s3:///opens", app.ExitUsage, "want s3://BUCKET/PREFIX"},
		{"a key in the address", "s3://id:secret@my-logs/opens", app.ExitUsage, "the key comes from the environment"},
	} {
		code, _, stderr := p.replay(append(args, c.place)...)
		if code != c.code || !strings.Contains(stderr, c.want) || !strings.Contains(stderr, "Try: ") || strings.Contains(stderr, "the-") {
			t.Errorf("%s: exit %d, stderr:\n%s", c.name, code, stderr)
		}
	}
	b.broken.Store(true)
	code, _, stderr := p.replay(append(args, "s3://my-logs/opens")...)
	if code != app.ExitFailed || strings.Contains(stderr, "damaged") || !strings.Contains(stderr, "s3://my-logs/opens/a.log") {
		t.Errorf("of a read that ends early: exit %d, stderr:\n%s", code, stderr)
	}
	b.broken.Store(false)
	p.must(some("a", 3), append(args, "s3://my-logs/opens")...)
	p.environment = nil
	code, _, stderr = p.replay(append(args, "s3://my-logs/opens")...)
	if code != app.ExitUsage || !strings.Contains(stderr, "$AWS_ACCESS_KEY_ID") {
		t.Errorf("without a key: exit %d, stderr:\n%s", code, stderr)
	}
}
