package toolchain

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"syscall"

	"glint/ingest/host/filelock"
)

// lockTool takes the lock in the file at path, which is never removed: removing
// it would let two holders lock two files of the same name. waiting is called once
// if the lock is held. The lock ends with the process, however that ends.
func lockTool(ctx context.Context, path string, waiting func()) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := filelock.Wait(ctx, f, waiting); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { _ = f.Close() }, nil
}

// ownGroup gives cmd its own process group, asks the whole group to end when
// its context ends, and lets the kernel kill cmd if we die. release, called
// after cmd ended, kills what is left of the group.
func ownGroup(cmd *exec.Cmd) (release func()) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	return func() {
		if cmd.Process != nil {
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		}
	}
}
