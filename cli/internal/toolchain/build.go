package toolchain

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
)

// cargoPreflight wants cargo, a rustc that is new enough, and a linker.
func cargoPreflight(oldestRust string) func(context.Context, tool) error {
	return func(ctx context.Context, t tool) error {
		hint := "install Rust >= " + oldestRust + " (cargo and rustc), or " + t.otherwise
		for _, name := range []string{"cargo", "rustc"} {
			path, err := exec.LookPath(name)
			if err != nil {
				return t.missing(name+" is needed to build it and is not on PATH", hint)
			}
			client := tool{version: oldestRust, versionArgs: []string{"--version"}}
			if problem := client.tooOld(ctx, path); problem != "" {
				return t.missing(name+" is needed to build it: "+problem, hint)
			}
		}
		if _, err := exec.LookPath("cc"); err != nil {
			return t.missing("cc is needed to link it and is not on PATH", "install a C compiler (gcc), or "+t.otherwise)
		}
		return nil
	}
}

// buildCargo installs the crate of the name. The release profile is turned
// down: link-time optimisation alone would take longer than all the rest, and
// an emulator on a developer's machine does not need it.
func buildCargo(crate string) func(context.Context, *job) error {
	return func(ctx context.Context, j *job) error {
		root := filepath.Join(j.work, "root")
		err := j.run(ctx, command{
			args: []string{"cargo", "install", "--locked", crate, "--version", j.tool.version, "--root", root},
			env: []string{
				"CARGO_TARGET_DIR=" + filepath.Join(j.work, "target"),
				"CARGO_PROFILE_RELEASE_LTO=off",
				"CARGO_PROFILE_RELEASE_OPT_LEVEL=1",
				"CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16",
				"CARGO_PROFILE_RELEASE_DEBUG=0",
				"CARGO_TERM_COLOR=never",
				"CARGO_TERM_PROGRESS_WHEN=never",
			},
		})
		if err != nil {
			return err
		}
		return j.keep(filepath.Join(root, "bin", crate))
	}
}

// keep takes a finished program over as the tool's file.
func (j *job) keep(program string) error {
	if err := copyFile(filepath.Join(j.out, j.tool.file), program, 0o755); err != nil {
		return j.failed(fmt.Sprintf("%s was not built", j.tool.name), err)
	}
	return nil
}

// goEnvironment shields a build from settings that are meant for the project:
// a cross target, a workspace, flags.
var goEnvironment = []string{"GOOS=linux", "GOARCH=amd64", "GOFLAGS=", "GOWORK=off", "GOTOOLCHAIN=local"}

func goPreflight(_ context.Context, t tool) error {
	if _, err := exec.LookPath("go"); err != nil {
		return t.missing("go is needed to build it and is not on PATH", "install Go >= 1.26, or "+t.otherwise)
	}
	return nil
}

// buildGo installs a main package, asked for by its exact version, since lists
// of versions are not to be had everywhere. -v writes each package to the log.
func buildGo(pkg string) func(context.Context, *job) error {
	return func(ctx context.Context, j *job) error {
		bin := filepath.Join(j.work, "bin")
		err := j.run(ctx, command{
			args: []string{"go", "install", "-v", "-trimpath", pkg + "@v" + j.tool.version},
			env:  append([]string{"GOBIN=" + bin, "CGO_ENABLED=0"}, goEnvironment...),
		})
		if err != nil {
			return err
		}
		return j.keep(filepath.Join(bin, filepath.Base(pkg)))
	}
}
