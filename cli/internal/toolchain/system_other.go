//go:build !linux

package toolchain

import (
	"context"
	"errors"
	"os/exec"
)

// Install refuses other platforms before it comes to any of these; they are
// here so that Locate compiles everywhere.

func lockTool(context.Context, string, func()) (func(), error) {
	return nil, errors.ErrUnsupported
}

func ownGroup(*exec.Cmd) func() { return func() {} }
