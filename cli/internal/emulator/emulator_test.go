package emulator

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"glint/ingest/networks"
)

// standInVariable makes this test binary a stand-in for Viceroy; it names a folder.
const standInVariable = "GLINT_TEST_VICEROY"

func TestMain(m *testing.M) {
	if dir := os.Getenv(standInVariable); dir != "" {
		standIn(dir, os.Args[2]) // behind --addr
	}
	os.Exit(m.Run())
}

// standIn is a Viceroy that finds its address taken at its first start: a stranger listens
// there, which stays.
func standIn(dir, address string) {
	if os.Args[1] == "stranger" {
		listen(address)
	}
	stranger := filepath.Join(dir, "stranger")
	if _, err := os.Stat(stranger); err == nil {
		listen(address)
	}
	cmd := exec.Command(os.Args[0], "stranger", address)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	err := cmd.Start()
	if err == nil {
		err = os.WriteFile(stranger, []byte(strconv.Itoa(cmd.Process.Pid)), 0o600)
	}
	for err == nil {
		if c, dialErr := net.Dial("tcp", address); dialErr == nil {
			_ = c.Close()
			break
		}
		time.Sleep(time.Millisecond)
	}
	time.Sleep(300 * time.Millisecond) // the stranger answers meanwhile, as if the emulator did
	fmt.Fprintln(os.Stderr, "error creating server listener: Address already in use (os error 98)", err)
	os.Exit(101)
}

// listen listens until the process is killed.
func listen(address string) {
	l, err := net.Listen("tcp", address)
	for err == nil {
		var c net.Conn
		if c, err = l.Accept(); err == nil {
			_ = c.Close()
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func TestAnotherPortIsTriedWhereOneIsTaken(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(standInVariable, dir)
	t.Cleanup(func() {
		text, err := os.ReadFile(filepath.Join(dir, "stranger"))
		if err != nil {
			t.Error(err)
			return
		}
		if pid, err := strconv.Atoi(string(text)); err == nil {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it is this test's
		}
	})
	wasm := filepath.Join(dir, "main.wasm")
	if err := os.WriteFile(wasm, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	e, err := Start(t.Context(), Config{
		Viceroy: os.Args[0], Wasm: wasm, Dir: dir, Listen: "127.0.0.1:0", Networks: &networks.Table{},
		Lines: func(stdout io.Reader) { _, _ = io.Copy(io.Discard, stdout) }, // ends with the process
	})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Stop()
	select {
	case <-e.Done():
		t.Error("the emulator that was started has ended")
	default:
	}
	if !e.listens() {
		t.Error("another program listens at the emulator's address")
	}
}
