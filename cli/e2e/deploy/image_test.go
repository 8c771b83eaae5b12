package deploy

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// instruction is one of a Dockerfile, its continued lines joined.
type instruction struct{ name, rest string }

// stages are the instructions of the Dockerfile by stage, and the stages' order.
func stages(t *testing.T) (by map[string][]instruction, order []string) {
	t.Helper()
	text := regexp.MustCompile(`(?m)^#.*\n`).ReplaceAllString(read(t, "Dockerfile"), "")
	text = strings.ReplaceAll(text, "\\\n", " ")
	by = map[string][]instruction{}
	for line := range strings.Lines(text) {
		name, rest, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok {
			continue
		}
		if name == "FROM" {
			_, stage, ok := strings.Cut(rest, " AS ")
			if !ok {
				t.Fatalf("a stage without a name: %s", line)
			}
			order = append(order, stage)
		}
		stage := order[len(order)-1]
		by[stage] = append(by[stage], instruction{name, strings.TrimSpace(rest)})
	}
	return by, order
}

func TestImageCopiesWhatThereIs(t *testing.T) {
	by, order := stages(t)
	ignored := read(t, "Dockerfile.dockerignore")
	copied := 0
	for _, stage := range order {
		for _, i := range by[stage] {
			if i.name != "COPY" {
				continue
			}
			words := strings.Fields(i.rest)
			if from, ok := strings.CutPrefix(words[0], "--from="); ok {
				if !slices.Contains(order, from) {
					t.Errorf("%s copies from a stage %s that is not there", stage, from)
				}
				continue
			}
			for _, source := range words[:len(words)-1] {
				if found, err := filepath.Glob(filepath.Join(top, source)); err != nil || len(found) == 0 {
					t.Errorf("%s copies %s, which is not there", stage, source)
				}
				if !strings.Contains(ignored, "\n!"+source+"\n") {
					t.Errorf("Dockerfile.dockerignore leaves %s out", source)
				}
				copied++
			}
		}
	}
	if copied == 0 {
		t.Error("nothing of the tree is copied")
	}
}

// TestImageHasWhatTheBuildNeeds asks Go which packages and files are compiled.
func TestImageHasWhatTheBuildNeeds(t *testing.T) {
	by, _ := stages(t)
	var folders []string
	for _, i := range by["build"] {
		if i.name == "COPY" {
			folders = append(folders, strings.Fields(i.rest)[0])
		}
	}
	list := exec.Command("go", "list", "-deps", "-f",
		`{{with .Module}}{{if .Main}}{{$.ImportPath}}{{range $.EmbedFiles}} {{.}}{{end}}{{end}}{{end}}`, "./cli")
	list.Dir = top
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := 0
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		packages++
		folder, _, _ := strings.Cut(strings.TrimPrefix(words[0], "glint/"), "/")
		if !slices.Contains(folders, folder) {
			t.Errorf("the build stage has no %s, which holds %s", folder, words[0])
		}
		for _, file := range words[1:] {
			if strings.Contains("/"+file, "/testdata/") || strings.HasSuffix(file, "_test.go") {
				t.Errorf("%s embeds %s, which Dockerfile.dockerignore leaves out", words[0], file)
			}
		}
	}
	if packages < 10 {
		t.Errorf("glint is made of %d packages?", packages)
	}
}

func TestImageRunsCommandsOfGlint(t *testing.T) {
	by, order := stages(t)
	run := regexp.MustCompile(`(?:^|\s)glint ([a-z][^&;|]*)`)
	ran := 0
	for _, stage := range order {
		for _, i := range by[stage] {
			switch i.name {
			case "CMD":
				var words []string
				if err := json.Unmarshal([]byte(i.rest), &words); err != nil {
					t.Fatalf("CMD of %s: %v", stage, err)
				}
				checkCommand(t, words...)
				ran++
			case "RUN":
				for _, m := range run.FindAllStringSubmatch(i.rest, -1) {
					if !strings.Contains(i.rest, "useradd") {
						checkCommand(t, strings.Fields(m[1])...)
						ran++
					}
				}
			}
		}
	}
	if want := 3; ran != want { // engine install, up, serve
		t.Errorf("%d commands were checked, want %d", ran, want)
	}
}

func TestImageIsNotRootsAndServesByDefault(t *testing.T) {
	by, order := stages(t)
	if last := order[len(order)-1]; last != "serve" {
		t.Errorf("the last stage is %s, want serve", last)
	}
	if !slices.Contains(by["base"], instruction{"USER", "10001:10001"}) {
		t.Error("the image has no user of its own")
	}
	for _, stage := range []string{"up", "serve"} {
		if got := by[stage][0].rest; got != "base AS "+stage {
			t.Errorf("%s is made from %q", stage, got)
		}
		for _, i := range by[stage] {
			if i.name == "USER" {
				t.Errorf("%s changes the user to %s", stage, i.rest)
			}
		}
	}
}

// healthCheck is the image's, with its port put where the metrics are.
func healthCheck(t *testing.T, port string) []string {
	t.Helper()
	by, _ := stages(t)
	for _, i := range by["base"] {
		if i.name != "HEALTHCHECK" {
			continue
		}
		_, text, _ := strings.Cut(i.rest, "CMD ")
		var words []string
		if err := json.Unmarshal([]byte(text), &words); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(words[2], "/9702 "); n != 1 {
			t.Fatalf("the health check asks %q", words[2])
		}
		words[2] = strings.Replace(words[2], "/9702 ", "/"+port+" ", 1)
		return words
	}
	t.Fatal("the image has no health check")
	return nil
}
