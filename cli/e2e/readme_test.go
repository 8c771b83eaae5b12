package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestCommandsOfTheReadmeWork runs the README's shell blocks in their order, in
// one folder, beside a running glint. Blocks marked with a word start glint
// themselves and are run for as long as that takes.
func TestCommandsOfTheReadmeWork(t *testing.T) {
	bin := filepath.Dir(glintPath(t))
	blocks := shellBlocks(t, "../../README.md")
	if len(blocks) < 5 {
		t.Fatalf("only %d shell blocks in the README", len(blocks))
	}
	i := up(t, newHome(t))
	work := t.TempDir()
	for _, b := range blocks {
		if b.mark != "" {
			args := strings.Fields(b.text)
			if args[0] != "glint" || args[1] != "up" {
				t.Errorf("the block %q does not begin with glint up", b.text)
			}
			if b.mark == "edge" {
				args = append(args, "--edge-wasm", wasm)
			}
			if code := up(t, newHome(t), args[2:]...).stop(t, syscall.SIGINT); code != 0 {
				t.Errorf("%s: exit %d", b.text, code)
			}
			continue
		}
		cmd := exec.Command("bash", "-euo", "pipefail", "-c", b.text)
		cmd.Dir = work
		cmd.Env = append(os.Environ(), "GLINT_HOME="+i.home, "CLICKHOUSE="+i.clickhouse, "PATH="+bin+":"+os.Getenv("PATH"))
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%v in\n%s\n%s", err, b.text, out)
		}
		if strings.Contains(b.text, "FORMAT TSV") && !strings.HasPrefix(string(out), "spring\t") {
			t.Errorf("the query shows no campaign spring:\n%s", out)
		}
	}
}

type block struct{ mark, text string }

func shellBlocks(t *testing.T, path string) (blocks []block) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	inside := false
	for line := range strings.Lines(string(b)) {
		fence, isFence := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case isFence && inside:
			inside = false
		case isFence && (fence == "sh" || strings.HasPrefix(fence, "sh ")):
			inside = true
			blocks = append(blocks, block{mark: strings.TrimSpace(fence[2:])})
		case inside:
			blocks[len(blocks)-1].text += line
		}
	}
	return blocks
}
