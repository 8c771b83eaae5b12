package enginetest

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"text/template"
	"time"

	"glint/ingest/warehouse/embedded/chdb"
	"glint/ingest/warehouse/enginetest/enginelib"
	"glint/schema"
)

// The names of clusters of shards: the one by which they know each other, and one of the
// same servers in another order.
const (
	Cluster = "pair"
	Swapped = "swapped"
)

// Shards are engines that know each other as the shards of a cluster, with the users
// WarehouseUser and ReaderUser. Unlike glint's own engine they listen on TCP, without any
// confinement: they stand for a user's servers, in tests alone.
type Shards struct {
	dir     string
	library string
	servers []*server
}

// server is one shard.
type server struct {
	HTTP, TCP int // ports; TCP is the relay's
	own       int // the engine's for TCP
	relay     net.Listener
	child     *exec.Cmd
	stdin     io.Closer
	ended     chan struct{}
}

// StartShards starts that many engines in dir.
func StartShards(dir string, n int) (*Shards, error) {
	library, err := enginelib.Path()
	if err != nil {
		return nil, err
	}
	s := &Shards{dir: dir, library: library}
	for range n {
		one := &server{}
		if one.HTTP, one.own, err = freePorts(); err == nil {
			one.relay, err = relay("127.0.0.1:" + strconv.Itoa(one.own))
		}
		if err != nil {
			return nil, errors.Join(err, s.Stop())
		}
		one.TCP = one.relay.Addr().(*net.TCPAddr).Port
		s.servers = append(s.servers, one)
	}
	for i := range s.servers {
		if err := s.launch(i); err != nil {
			return nil, errors.Join(err, s.Stop())
		}
	}
	for i := range s.servers {
		if err := s.await(i); err != nil {
			return nil, errors.Join(err, s.Stop())
		}
	}
	return s, nil
}

// freePorts returns two ports on which nothing listens.
func freePorts() (a, b int, err error) {
	var ports [2]int
	for i := range ports { // the first one stays taken meanwhile
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return 0, 0, fmt.Errorf("find a free port: %w", err)
		}
		defer func() { _ = listener.Close() }()
		ports[i] = listener.Addr().(*net.TCPAddr).Port
	}
	return ports[0], ports[1], nil
}

// URL returns the address of a shard, from 0, without a user.
func (s *Shards) URL(i int) string { return "http://127.0.0.1:" + strconv.Itoa(s.servers[i].HTTP) }

// DSN returns the address of a shard, from 0, for the warehouse user.
func (s *Shards) DSN(i int) string {
	u := url.URL{Scheme: "http", Host: strings.TrimPrefix(s.URL(i), "http://"), User: url.UserPassword(WarehouseUser.Name, WarehouseUser.Password), Path: "/glint"}
	return u.String()
}

// Kill ends a shard as a power cut does.
func (s *Shards) Kill(i int) {
	one := s.servers[i]
	_ = one.child.Process.Kill()
	<-one.ended
}

// Restart starts a shard again that was killed.
func (s *Shards) Restart(i int) error {
	if err := s.launch(i); err != nil {
		return err
	}
	return s.await(i)
}

// Stop ends all of them.
func (s *Shards) Stop() error {
	for i, one := range s.servers {
		if one.child != nil {
			s.Kill(i)
		}
		_ = one.relay.Close()
	}
	return os.RemoveAll(s.dir)
}

//go:embed shard.xml.tmpl
var shardConfig string

var shardTemplate = template.Must(template.New("shard").Parse(shardConfig))

func (s *Shards) launch(i int) error {
	home := filepath.Join(s.dir, strconv.Itoa(i))
	if err := os.MkdirAll(home, 0o700); err != nil {
		return err
	}
	var config bytes.Buffer
	err := shardTemplate.Execute(&config, map[string]any{
		"Home": home, "Servers": s.servers, "Cluster": Cluster, "Swapped": Swapped, "User": WarehouseUser, "Reader": ReaderUser, "Views": schema.PublicViews(), "Number": i + 1,
	})
	if err != nil {
		return err
	}
	file := filepath.Join(home, "config.xml")
	if err := os.WriteFile(file, config.Bytes(), 0o600); err != nil {
		return err
	}
	one := s.servers[i]
	spec, err := json.Marshal(shardSpec{s.library, file, filepath.Join(home, "data"), one.HTTP, one.own})
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	one.child = exec.Command(self)
	one.child.Env = append(os.Environ(), shardVariable+"="+string(spec))
	log, err := os.OpenFile(filepath.Join(home, "stderr"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	one.child.Stderr = log
	if one.stdin, err = one.child.StdinPipe(); err != nil {
		return err
	}
	if err := one.child.Start(); err != nil {
		return err
	}
	one.ended = make(chan struct{})
	go func(child *exec.Cmd, ended chan struct{}) {
		_ = child.Wait()
		close(ended)
	}(one.child, one.ended)
	return nil
}

// await returns once a shard answers.
func (s *Shards) await(i int) error {
	for until := time.Now().Add(enginelib.Patience); time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
		select {
		case <-s.servers[i].ended:
			text, _ := os.ReadFile(filepath.Join(s.dir, strconv.Itoa(i), "stderr"))
			return fmt.Errorf("shard %d has ended: %s", i+1, text)
		default:
		}
		answer, err := http.Get(s.URL(i) + "/ping")
		if err != nil {
			continue
		}
		_ = answer.Body.Close()
		native, err := net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(s.servers[i].own)) // opened last
		if err == nil {
			_ = native.Close()
			return nil
		}
	}
	return fmt.Errorf("shard %d does not answer", i+1)
}

// shardVariable makes a test binary run as a shard.
const shardVariable = "GLINT_TEST_SHARD"

type shardSpec struct {
	Library, Config, Data string
	HTTP, TCP             int
}

const keepServing = `CREATE DATABASE IF NOT EXISTS glint;
SYSTEM START LISTEN HTTP; SYSTEM START LISTEN TCP;
SELECT sleepEachRow(3) FROM numbers(1000000000) FORMAT Null
SETTINGS function_sleep_max_microseconds_per_block = 0, max_block_size = 1`

// RunShardIfAsked turns this process into a shard if it was started as one, until the one
// that started it ends. It must be the first statement of a TestMain whose binary calls
// StartShards; Main calls it.
func RunShardIfAsked() {
	text := os.Getenv(shardVariable)
	if text == "" {
		return
	}
	signal.Ignore(syscall.SIGPIPE)
	var spec shardSpec
	err := json.Unmarshal([]byte(text), &spec)
	if err == nil {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}()
		var lib *chdb.Library
		if lib, err = chdb.Load(spec.Library); err == nil {
			runtime.LockOSThread()
			err = lib.Run([]string{
				"clickhouse-local", "--path", spec.Data, "--config-file", spec.Config, "--log-level", "warning",
				"--http_port", strconv.Itoa(spec.HTTP), "--tcp_port", strconv.Itoa(spec.TCP), "-q", keepServing,
			})
		}
	}
	fmt.Fprintln(os.Stderr, "shard:", err)
	os.Exit(1)
}
