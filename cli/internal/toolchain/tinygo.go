package toolchain

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// tinygoFiles are the scripts that build TinyGo and what they lay over its
// sources. The go command skips folders whose name begins with "_", so the
// overlay is not compiled as a part of this module.
//
//go:embed tinygo/*.sh all:tinygo/_overlay
var tinygoFiles embed.FS

// tinygoPackages are the Debian packages that TinyGo is built with and runs
// with.
var tinygoPackages = []string{
	"binaryen", "clang-" + llvmMajor, "dpkg-dev", "g++", "libclang-" + llvmMajor + "-dev",
	"lld-" + llvmMajor, "llvm-" + llvmMajor + "-dev", "xz-utils",
}

// osRelease is the file with a Linux system's name and version.
const osRelease = "/etc/os-release"

func tinygoPreflight(ctx context.Context, t tool) error {
	if err := goPreflight(ctx, t); err != nil {
		return err
	}
	release, _ := os.ReadFile(osRelease) // an unreadable one is not Debian's
	if !isDebian(release) {
		return t.missing("building it needs Debian "+debianRelease, t.otherwise)
	}
	absent := absentPackages(ctx, tinygoPackages)
	if len(absent) > 0 && rootPrefix(ctx) == nil {
		return t.missing("building it needs Debian packages, and installing them needs root",
			"sudo apt-get install "+strings.Join(absent, " "))
	}
	return nil
}

func isDebian(release []byte) bool {
	lines := strings.Split(string(release), "\n")
	return slices.Contains(lines, "ID=debian") && slices.Contains(lines, `VERSION_ID="`+debianRelease+`"`)
}

// absentPackages returns the packages that are not installed.
func absentPackages(ctx context.Context, names []string) []string {
	// It exits with an error if a name is unknown; its output is correct nevertheless.
	query := append([]string{"-W", "-f", "${Package} ${db:Status-Status}\n"}, names...)
	out, _ := exec.CommandContext(ctx, "dpkg-query", query...).Output()
	installed := strings.Split(string(out), "\n")
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return slices.Contains(installed, name+" installed")
	})
}

// rootPrefix returns the prefix for a command that needs root: empty for root, or sudo if
// it asks for no password. nil means that neither is available.
func rootPrefix(ctx context.Context) []string {
	if os.Geteuid() == 0 {
		return []string{}
	}
	if exec.CommandContext(ctx, "sudo", "-n", "true").Run() == nil {
		return []string{"sudo", "-n"}
	}
	return nil
}

// buildTinygo builds TinyGo for wasip1, the target of the edge program. Its
// sources lack what upstream keeps in git submodules; build.sh takes that from
// Debian's source packages, and package net from the overlay.
func buildTinygo(ctx context.Context, j *job) error {
	scripts, err := fs.Sub(tinygoFiles, "tinygo")
	if err != nil {
		return fmt.Errorf("open embedded scripts: %w", err)
	}
	files := filepath.Join(j.work, "files")
	if err := os.CopyFS(files, scripts); err != nil {
		return fmt.Errorf("write scripts: %w", err)
	}
	if absent := absentPackages(ctx, tinygoPackages); len(absent) > 0 {
		args := slices.Concat(rootPrefix(ctx), []string{"bash", filepath.Join(files, "packages.sh")}, absent)
		if err := j.run(ctx, command{args: args}); err != nil {
			return err
		}
	}
	source, err := j.tinygoModule(ctx)
	if err != nil {
		return err
	}
	return j.run(ctx, command{
		args: []string{"bash", filepath.Join(files, "build.sh"), j.work, j.out},
		env: append([]string{
			"OVERLAY=" + filepath.Join(files, "_overlay"),
			"SOURCE=" + source,
			"LLVM_MAJOR=" + llvmMajor,
			"CGO_ENABLED=1",
		}, goEnvironment...),
	})
}

// tinygoModule downloads the module, compares its sum with ours and gives its
// folder in Go's module cache.
func (j *job) tinygoModule(ctx context.Context) (dir string, err error) {
	name := "github.com/tinygo-org/tinygo@v" + j.tool.version
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", name)
	cmd.Dir = j.work
	cmd.Env = append(os.Environ(), goEnvironment...)
	out, err := cmd.Output()
	_, _ = j.log.Write(out)
	if err != nil {
		return "", j.failed("go mod download: "+exitText(err), err)
	}
	var module struct{ Dir, Sum string }
	if err := json.Unmarshal(out, &module); err != nil {
		return "", j.failed("go mod download -json gave no JSON", err)
	}
	if module.Sum != tinygoSum {
		return "", &Error{
			Tool: j.tool.name, Err: ErrChecksum,
			Problem: fmt.Sprintf("module %s has the sum %s, not the recorded %s; nothing was installed", name, module.Sum, tinygoSum),
			Hint:    "check which module proxy go is set to use, or " + j.tool.otherwise,
		}
	}
	return module.Dir, nil
}
