package up

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"glint/cli/internal/app"
	"glint/cli/internal/emulator"
	"glint/cli/internal/home"
	"glint/cli/internal/output"
	"glint/cli/internal/toolchain"
	"glint/cli/stream"
	"glint/ingest"
	"glint/ingest/logstream"
)

// edge is the edge program in the emulator, with the stream of its log to ingest.
type edge struct {
	config  emulator.Config
	batcher *logstream.Batcher
	fail    context.CancelCauseFunc
	running context.Context // ends with stop
	end     context.CancelFunc

	mu       sync.Mutex
	emulator *emulator.Emulator // nil while it begins anew, and after stop
}

// flushTimeout is the maximum time for posting the last lines to ingest.
const flushTimeout = 2 * time.Second

// startEdge starts the emulator, which serves the pixel; its log lines go to ingest
// as Fastly's would.
func (o *options) startEdge(ctx context.Context, fail context.CancelCauseFunc, at ingest.Addresses, c home.Credentials) (*edge, error) {
	viceroy, err := toolchain.Locate("viceroy")
	if err != nil {
		return nil, app.Try(err, "make tools")
	}
	if n := emulator.TooWide(o.Config.Networks); n > 0 {
		fmt.Fprintln(o.App.Err, "note:", output.Plural(n, "row", "rows"), "of --networks left out: the emulator knows single addresses only")
	}
	if o.wasm == "" {
		o.wasm = findWasm()
	}
	o.Config.Progress("compiling the edge program in the emulator")
	own := app.Ingest{URL: at.Ingest, Token: c.IngestToken, Running: true}
	poster := own.Poster("")
	e := &edge{fail: fail, batcher: logstream.New(
		logstream.Config{Period: o.Config.PixelPeriod, Logger: o.Config.Logger},
		logstream.Retry(poster.Send, logstream.RetryablePost))}
	e.running, e.end = context.WithCancel(ctx)
	e.config = emulator.Config{
		Viceroy: viceroy, Wasm: o.wasm, Dir: o.App.Home.RunDir(), Listen: o.pixelListen,
		KeysFile: o.App.Home.PixelKeysFile(), Precision: o.Precision, Signals: o.Config.Signals.String(), Networks: o.Config.Networks,
		Ingest: at.Ingest,
		Web:    emulator.Web{Sites: o.Config.Sites, EventsToken: o.Config.WebToken, VisitorSecret: string(o.Config.Visitors)},
		Lines: func(stdout io.Reader) {
			_ = stream.Copy(context.Background(), stdout, io.Discard, "opens", e.batcher.Add) // ends with the emulator
		},
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.start(); err != nil {
		e.end()
		return nil, err
	}
	e.config.Listen = strings.TrimPrefix(e.emulator.URL(), "http://") // again there
	return e, nil
}

// start starts the emulator, and fails if it ends by itself. The lock is held.
func (e *edge) start() error {
	started, err := emulator.Start(e.running, e.config)
	if err != nil {
		return err
	}
	e.emulator = started
	go func() {
		<-started.Done()
		e.mu.Lock()
		byItself := e.emulator == started
		e.mu.Unlock()
		if byItself {
			e.flush()
			e.fail(errors.New("the emulator has ended by itself"))
		}
	}()
	return nil
}

// renew restarts the emulator, which reads its keys only when it starts. The pixel does not
// answer until the emulator has compiled the edge program.
func (e *edge) renew() {
	e.mu.Lock()
	defer e.mu.Unlock()
	old := e.emulator
	if old == nil || e.running.Err() != nil {
		return
	}
	e.emulator = nil
	old.Stop()
	if err := e.start(); err != nil && e.running.Err() == nil {
		e.fail(fmt.Errorf("start the emulator with the new keys: %w", err))
	}
}

// url returns the URL of the edge program.
func (e *edge) url() string { return "http://" + e.config.Listen }

// stop ends the emulator and posts its last lines to ingest.
func (e *edge) stop() {
	e.end() // a start that is under way ends
	e.mu.Lock()
	old := e.emulator
	e.emulator = nil
	e.mu.Unlock()
	if old != nil {
		old.Stop()
	}
	e.flush()
}

// flush posts the emulator's log lines to ingest, within flushTimeout.
func (e *edge) flush() {
	ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
	defer cancel()
	e.batcher.Close(ctx)
}

// findWasm returns the path of the edge program: in a clone, or else where make install has
// put it beside this program.
func findWasm() string {
	inClone := filepath.Join("bin", "main.wasm")
	if fileExists(inClone) {
		return inClone
	}
	if program, err := os.Executable(); err == nil {
		if installed := filepath.Join(filepath.Dir(program), "..", "share", "glint", "main.wasm"); fileExists(installed) {
			return filepath.Clean(installed)
		}
	}
	return inClone
}

func fileExists(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
