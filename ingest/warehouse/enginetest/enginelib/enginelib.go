// Package enginelib finds the engine's library for tests and limits their
// waits. It does not import the engine, so that the engine's own tests can use
// it. It runs the installer of tools as a command, since ingest imports nothing
// of cli.
package enginelib

import (
	"fmt"
	"os/exec"
	"strings"
	"sync"
)

// Path returns the path of the engine's library: $GLINT_ENGINE, or the tool
// cache, into which it is installed if missing. The error contains the
// installer's advice.
var Path = sync.OnceValues(func() (string, error) {
	var advice strings.Builder
	install := exec.Command("go", "run", "glint/cli/internal/toolchain/install", "engine")
	install.Stderr = &advice
	path, err := install.Output()
	if err != nil {
		return "", fmt.Errorf("find the engine's library: %w\n%s", err, advice.String())
	}
	return strings.TrimSpace(string(path)), nil
})
