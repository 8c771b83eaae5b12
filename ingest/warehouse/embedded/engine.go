package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// The phases of Stop.
const (
	// maxDrain is the longest time for queries in progress.
	maxDrain = 5 * time.Second
	// endReserve is the part of the caller's time that is kept for the engine
	// itself.
	endReserve = endTimeout
)

// Engine is a running warehouse. Its methods are safe for concurrent use.
type Engine struct {
	cfg        Config
	lock       *dirLock
	proxy      *proxy
	supervisor *supervisor
	url        string

	stop     context.CancelFunc
	hurry    context.CancelFunc
	stopOnce sync.Once
	done     chan struct{}
	err      error // set before done is closed
}

// Start runs the engine and returns when it answers queries through the proxy
// and the database glint exists. ctx applies to the start only. Documented
// conditions are returned as an *Error: ErrLibraryMissing, ErrDataDirInUse,
// ErrAddressInUse, ErrEngineFailed. After an error nothing is left running.
func Start(ctx context.Context, cfg Config) (*Engine, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := findLibrary(cfg.Library); err != nil {
		return nil, err
	}
	files := newLayout(&cfg)
	for _, dir := range []string{cfg.DataDir, cfg.RunDir} {
		if err := makePrivateDir(dir); err != nil {
			return nil, fmt.Errorf("embedded: %w", err)
		}
	}
	lock, err := acquireLock(ctx, files.Lock, cfg.DataDir, cfg.LockWait, cfg.Logger)
	if err != nil {
		return nil, err
	}
	engine, err := startLocked(ctx, cfg, files, lock)
	if err != nil {
		lock.release()
		return nil, err
	}
	return engine, nil
}

// findLibrary checks for the library before anything else is changed.
func findLibrary(path string) error {
	info, err := os.Stat(path)
	if err == nil && info.Mode().IsRegular() {
		return nil
	}
	detail := path + " is not there"
	if err == nil {
		detail = path + " is not a file"
	} else if !errors.Is(err, os.ErrNotExist) {
		detail = err.Error()
	}
	return &Error{
		Err: ErrLibraryMissing, Detail: detail,
		Hint: "install the engine library (make run does), or name the path of libchdb.so",
	}
}

// startLocked does the rest of Start under the lock. On an error it leaves only
// the lock.
func startLocked(ctx context.Context, cfg Config, files layout, lock *dirLock) (*Engine, error) {
	if err := files.makeDirs(); err != nil {
		return nil, fmt.Errorf("embedded: %w", err)
	}
	listener, err := listenPublic(cfg.Listen)
	if err != nil {
		return nil, err
	}
	engine := &Engine{cfg: cfg, lock: lock, url: publicURL(listener), done: make(chan struct{})}
	way := newRelay()
	engine.proxy = newProxy(&engine.cfg, way)
	engine.supervisor = &supervisor{cfg: &engine.cfg, files: files, lock: lock, relay: way}
	engine.supervisor.stop, engine.stop = context.WithCancel(context.Background())
	engine.supervisor.hurry, engine.hurry = context.WithCancel(context.Background())
	// A cancelled start kills the engine instead of stopping it gracefully.
	defer context.AfterFunc(ctx, func() { engine.hurry(); engine.stop() })()

	child, inner, err := engine.supervisor.launchFirst()
	if err != nil {
		_ = listener.Close()
		engine.stop()
		engine.hurry()
		if ctx.Err() != nil {
			return nil, fmt.Errorf("embedded: start engine: %w", ctx.Err())
		}
		return nil, err
	}
	go engine.serve(listener, child, inner)
	if err := engine.createDatabase(ctx); err != nil {
		engine.hurry()
		_ = engine.Stop(ctx)
		return nil, err
	}
	return engine, nil
}

// serve runs until the engine has finally ended.
func (e *Engine) serve(listener net.Listener, child *process, inner *backend) {
	e.proxy.serve(listener)
	err := e.supervisor.run(child, inner)
	e.proxy.close()
	e.lock.release()
	e.err = err
	close(e.done)
}

// createDatabase creates the default database through the proxy: that also
// checks what Start promises.
func (e *Engine) createDatabase(ctx context.Context) error {
	const statement = "CREATE DATABASE IF NOT EXISTS " + Database + " ENGINE = Atomic"
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url+"/?database=system", strings.NewReader(statement))
	if err != nil {
		return fmt.Errorf("embedded: build CREATE DATABASE: %w", err)
	}
	user := e.cfg.warehouseUser()
	request.SetBasicAuth(user.Name, user.Password)
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(request)
	if err != nil {
		return fmt.Errorf("embedded: create database %s: %w", Database, err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, tailBytes))
	if err != nil {
		return fmt.Errorf("embedded: create database %s: %w", Database, err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("embedded: create database %s: %s", Database, strings.TrimSpace(string(text)))
	}
	return nil
}

// publicURL returns the URL of the listener for clients on this machine.
func publicURL(listener net.Listener) string {
	address := *listener.Addr().(*net.TCPAddr)
	if address.IP.IsUnspecified() {
		address.IP = net.IPv4(127, 0, 0, 1)
	}
	return "http://" + address.String()
}

// URL is the address of the proxy, http://127.0.0.1:PORT.
func (e *Engine) URL() string { return e.url }

// Done is closed when the engine has finally ended: after Stop, or when it
// could not be restarted.
func (e *Engine) Done() <-chan struct{} { return e.done }

// Err returns nil while the engine runs and after Stop, otherwise the reason
// why it could not be restarted.
func (e *Engine) Err() error {
	select {
	case <-e.done:
		return e.err
	default:
		return nil
	}
}

// Restarts returns the number of times that the engine ended unexpectedly and was restarted.
func (e *Engine) Restarts() uint64 { return e.supervisor.restarts.Load() }

// Stop stops the engine: it refuses new requests, waits a while for those in
// progress, then ends the engine. It returns when the engine is gone and the
// data directory is free. If ctx ends first, it kills the engine, which loses
// no acknowledged row, and returns the context's error. Further calls wait for
// the first.
func (e *Engine) Stop(ctx context.Context) error {
	// Everything below is limited by this caller's time, even if another call
	// came first.
	release := context.AfterFunc(ctx, e.hurry)
	defer release()
	e.stopOnce.Do(func() {
		began := time.Now()
		e.supervisor.relay.close()
		e.proxy.drain(ctx)
		e.stop()
		<-e.done
		e.hurry()
		e.cfg.Logger.Info("engine stopped", "duration", time.Since(began))
	})
	<-e.done
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("embedded: stop engine: %w", err)
	}
	return e.err
}
