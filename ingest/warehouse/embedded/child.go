package embedded

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"

	"glint/ingest/host/portowner"
	"glint/ingest/warehouse/embedded/chdb"
)

// childVariable is the environment variable that makes this binary run as the
// engine.
const childVariable = "GLINT_ENGINE_CHILD"

// Files that the child inherits in addition to standard input and standard
// error; the others are childDoorwayFD and childCommFD.
const (
	childLockFD   = 3 // the lock file; only kept open
	childStatusFD = 4 // receives one line when the engine listens
)

// childGrace is the time that the engine may take to stop after the parent has
// ended. It makes sure that the process is gone within 5 s even if init is slow
// to reap it.
const childGrace = 2 * time.Second

// The exit statuses of the child; 0 means that the parent requested the end.
const (
	exitUnusable = 3 // bad input or no library
	exitEnded    = 4 // the engine ended by itself
)

// keepServing opens the listener and then sleeps forever: the engine serves as
// long as this statement runs. It needs only the grant SYSTEM LISTEN.
const keepServing = `SYSTEM START LISTEN HTTP;
SELECT sleepEachRow(3) FROM numbers(1000000000) FORMAT Null
SETTINGS function_sleep_max_microseconds_per_block = 0, max_block_size = 1`

// stopServing ends keepServing and all other queries: their clients are gone,
// and the engine would wait for them.
const stopServing = `KILL QUERY WHERE 1 ASYNC`

// childSpec is sent by the parent over standard input, since arguments and
// environment must not contain passwords.
type childSpec struct {
	Library    string
	ConfigFile string
	Port       int
	User       string // may end queries
	Password   string
	Door       string // the secret of the listener
}

// RunChildIfAsked turns this process into the engine if it was started as one,
// and then never returns; otherwise it does nothing. It must be the first
// statement of main and of each TestMain whose binary calls Start.
func RunChildIfAsked() {
	if os.Getenv(childVariable) == "" {
		return
	}
	status, err := confineIfAsked()
	if status == 0 && err == nil {
		status, err = runChild()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "engine:", err)
	}
	os.Exit(status)
}

func runChild() (int, error) {
	// The parent ends the child through standard input, in its own order.
	// Signals from a service manager or a terminal to every process must not
	// interfere. SIGPIPE on a thread of the engine would end the process.
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	syscall.Umask(0o077)
	nameProcess("glint-engine")
	for _, fd := range []int{childLockFD, childStatusFD, childDoorwayFD} {
		syscall.CloseOnExec(fd) // programs that the engine might execute inherit none of them
	}

	input := bufio.NewReader(os.Stdin)
	line, err := input.ReadBytes('\n')
	if err != nil {
		return exitUnusable, errors.New("parent left before it said what to run")
	}
	var spec childSpec
	if err := json.Unmarshal(line, &spec); err != nil {
		return exitUnusable, fmt.Errorf("read what to run: %w", err)
	}
	orphaned := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, input)
		close(orphaned)
	}()

	lib, err := chdb.Load(spec.Library)
	if err != nil {
		return exitUnusable, err
	}
	ended := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		ended <- lib.Run([]string{
			"clickhouse-local", "--config-file", spec.ConfigFile,
			"--log-level", "warning", // the configuration file's level is ignored
			"-q", keepServing,
		})
	}()
	go announce(spec.Port)
	go serveDoorway(spec.Port)

	select {
	case err := <-ended:
		if err == nil {
			err = errors.New("engine was ended by a query")
		}
		return exitEnded, err
	case <-orphaned:
		return endEngine(&spec, ended)
	}
}

// announce reports to the parent that the engine listens, as soon as it does
// and its signal handler is safe.
func announce(port int) {
	const poll = 5 * time.Millisecond
	for !portowner.Self(port) {
		time.Sleep(poll)
	}
	status := os.NewFile(childStatusFD, "status")
	defer func() { _ = status.Close() }()
	if err := runStackTracesOnSignalStack(); err != nil {
		fmt.Fprintln(os.Stderr, "engine:", err)
		return // the parent sees the pipe close without a line
	}
	_, _ = io.WriteString(status, "listening\n")
}

// endEngine ends the statement that keeps the engine serving. After childGrace
// the process kills itself, because it must not outlive its parent.
func endEngine(spec *childSpec, ended <-chan error) (int, error) {
	giveUp := time.After(childGrace)
	const retry = 200 * time.Millisecond // the statement may not run yet
	for {
		go requestEnd(spec)
		select {
		case <-ended:
			return 0, nil
		case <-giveUp:
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		case <-time.After(retry):
		}
	}
}

// requestEnd asks the engine once to end. Errors are ignored, since the caller
// tries again.
func requestEnd(spec *childSpec) {
	request, err := http.NewRequest(http.MethodPost, fmt.Sprintf("http://127.0.0.1:%d/?database=system", spec.Port), strings.NewReader(stopServing))
	if err != nil {
		return
	}
	request.SetBasicAuth(spec.User, spec.Password)
	request.Header.Set(doorHeader, spec.Door)
	// An open connection, even an idle one, would delay the engine's end by 5 s.
	request.Close = true
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(request)
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
}

// nameProcess sets the name that ps shows; otherwise ps shows the link by which
// the process was started.
func nameProcess(name string) {
	comm := os.NewFile(childCommFD, "comm")
	_, _ = comm.WriteString(name)
	_ = comm.Close()
}
