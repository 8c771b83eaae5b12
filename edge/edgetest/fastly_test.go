package edgetest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// fastly runs Fastly's command line in the project's folder, as a user would,
// but without a network and an account.
func fastly(t *testing.T, args ...string) {
	t.Helper()
	if out, err := fastlyCommand(t, args...).CombinedOutput(); err != nil {
		t.Fatalf("fastly %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func fastlyCommand(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(locate(t, "fastly"), append(args, "--non-interactive")...)
	cmd.Dir = root
	const nowhere = "http://127.0.0.1:9"
	cmd.Env = append(os.Environ(), "XDG_CONFIG_HOME="+t.TempDir(), "FASTLY_API_TOKEN=", "FASTLY_WASM_METADATA_DISABLE=true",
		"http_proxy="+nowhere, "https_proxy="+nowhere, "HTTP_PROXY="+nowhere, "HTTPS_PROXY="+nowhere)
	return cmd
}

// packed returns the names in a package.
func packed(t *testing.T, path string) []string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return names
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, h.Name)
	}
}

func TestFastlyBuildsPacksAndValidates(t *testing.T) {
	wasm, err := filepath.Abs(program(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, command := range map[string][]string{
		"build": {"compute", "build"},
		"pack":  {"compute", "pack", "--wasm-binary", wasm},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.RemoveAll(filepath.Join(root, "pkg")); err != nil {
				t.Fatal(err)
			}
			fastly(t, command...)
			const path = "pkg/glint.tar.gz"
			names := packed(t, filepath.Join(root, path))
			for _, want := range []string{"glint/fastly.toml", "glint/bin/main.wasm"} {
				if !slices.Contains(names, want) {
					t.Errorf("%s is not in the package: %v", want, names)
				}
			}
			fastly(t, "compute", "validate", "--package", path)
		})
	}
}

// TestShippedManifestServes runs the emulator with fastly.toml as it is.
func TestShippedManifestServes(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(root, "fastly.toml"))
	if err != nil {
		t.Fatal(err)
	}
	_, local, ok := strings.Cut(string(b), "[local_server.")
	if !ok {
		t.Fatal("fastly.toml has no [local_server]")
	}
	e := start(t, program(t), "[local_server."+local)
	if wrong := newClient(t, e.address, "").get("/o/x.gif", "").wrongWith("GET", "/o/x.gif"); wrong != "" {
		t.Fatal(wrong)
	}
	facts(t, e, 0)
}

// TestFastlyServesByOurEmulator lets Fastly's command line start the emulator,
// with the manifest as it is shipped.
func TestFastlyServesByOurEmulator(t *testing.T) {
	wasm, err := filepath.Abs(program(t))
	if err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
	cmd := fastlyCommand(t, "compute", "serve", "--viceroy-path", locate(t, "viceroy"), "--file", wasm, "--addr", address)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // with the emulator; an error means that both are gone
		_ = cmd.Wait()                                      // killed
		if t.Failed() {
			t.Logf("fastly compute serve said:\n%s", said.String())
		}
	}()
	waitFor(t, "fastly compute serve to listen", func() bool {
		c, err := net.Dial("tcp", address)
		if err == nil {
			_ = c.Close() // it was only a look
		}
		return err == nil
	})
	if wrong := newClient(t, address, "").get("/o/x.gif", "").wrongWith("GET", "/o/x.gif"); wrong != "" {
		t.Error(wrong)
	}
}
