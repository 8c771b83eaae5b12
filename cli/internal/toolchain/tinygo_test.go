package toolchain

import (
	"context"
	"errors"
	"io/fs"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

func TestEmbeddedFilesOfTheTinyGoBuild(t *testing.T) {
	var got []string
	err := fs.WalkDir(tinygoFiles, ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			got = append(got, path)
		}
		return err
	})
	want := []string{
		"tinygo/_overlay/net/http/http.go", "tinygo/_overlay/net/net.go", "tinygo/_overlay/net/parse.go",
		"tinygo/build.sh", "tinygo/packages.sh",
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
}

func TestBuildScriptsParse(t *testing.T) {
	for _, name := range []string{"build.sh", "packages.sh"} {
		if out, err := exec.Command("bash", "-n", "tinygo/"+name).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

func TestOnlyTheTestedDebianWillDo(t *testing.T) {
	for _, test := range []struct {
		name, release string
		want          bool
	}{
		{"Debian 12", "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\nID=debian\n", true},
		{"Debian 13", "VERSION_ID=\"13\"\nID=debian\n", false},
		{"a relative of Debian", "ID=ubuntu\nID_LIKE=debian\nVERSION_ID=\"12\"\n", false},
		{"no such file", "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := isDebian([]byte(test.release)); got != test.want {
				t.Errorf("%v, want %v", got, test.want)
			}
		})
	}
}

func TestAbsentPackagesAreThoseNotInstalled(t *testing.T) {
	w := newWorld(t)
	w.program("dpkg-query", `
echo 'binaryen installed'
echo 'clang-19 config-files'
echo 'no packages found matching lld-19' >&2
exit 1`)
	got := absentPackages(context.Background(), []string{"binaryen", "clang-19", "lld-19"})
	if want := []string{"clang-19", "lld-19"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestTinyGoModuleWithAnotherSumIsRefused(t *testing.T) {
	w := newWorld(t)
	w.program("go", `echo '{"Dir": "/x", "Sum": "h1:AAAA="}'`)
	forged := tool{
		name: "tinygo", version: tinygoVersion, command: "tinygo", file: "bin/tinygo", plan: "building",
		preflight: goPreflight,
		build: func(ctx context.Context, j *job) error {
			_, err := j.tinygoModule(ctx)
			return err
		},
	}
	_, err := forged.ensure(context.Background(), nil)
	if !errors.Is(err, ErrChecksum) || !strings.Contains(err.Error(), "h1:AAAA=") || !strings.Contains(err.Error(), tinygoSum) {
		t.Errorf("error %v, want ErrChecksum with both sums", err)
	}
}
