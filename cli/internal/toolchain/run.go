package toolchain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// stopGrace is the maximum time for a package client to end after it was asked to.
const stopGrace = 10 * time.Second

// command is one run of a package client.
type command struct {
	args []string
	dir  string   // "" is the job's work folder
	env  []string // on top of ours
}

// run starts a command with its output in the log, and waits for it. When ctx ends, the command and all that it started are ended.
func (j *job) run(ctx context.Context, c command) error {
	_, _ = fmt.Fprintf(j.log, "$ %s\n", strings.Join(c.args, " "))
	cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
	cmd.Dir = c.dir
	if cmd.Dir == "" {
		cmd.Dir = j.work
	}
	cmd.Env = append(os.Environ(), c.env...)
	// No file but a pipe, which Run reads until all that the command started has ended.
	output := struct{ io.Writer }{j.log}
	cmd.Stdout, cmd.Stderr = output, output // the same value: one pipe, lines in order
	cmd.WaitDelay = stopGrace
	release := ownGroup(cmd)
	// The kernel ends the command when the thread that started it ends, so that
	// a killed install takes it along; the thread has to stay until then.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := cmd.Run()
	release()
	if errors.Is(err, exec.ErrWaitDelay) {
		// It succeeded and left a server running, as compiler caches do.
		return nil
	}
	if err != nil && ctx.Err() == nil {
		return j.failed(fmt.Sprintf("%s: %v", filepath.Base(c.args[0]), err), err)
	}
	return err
}
