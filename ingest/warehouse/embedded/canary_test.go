package embedded

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// canaries show whether a statement read a file, wrote one or connected: files
// with a content that is nowhere else, a folder whose state is compared, and a
// listener that counts connections.
type canaries struct {
	dir      string
	content  string
	before   map[string]string
	listener net.Listener
	taken    atomic.Int64
}

// setCanaries puts them outside of the engine's folders.
func setCanaries(t *testing.T) *canaries {
	t.Helper()
	c := &canaries{dir: t.TempDir(), content: "canary" + rand.Text()}
	for name, text := range map[string]string{
		"credentials.env": "GLINT_SQL_PASSWORD=" + c.content + "\n",
		"table.csv":       "a\n" + c.content + "\n",
		"rows.tsv":        c.content + "\n",
		"schema.proto":    "syntax = \"proto3\"; message M { string " + c.content + " = 1; };\n",
		"row.template":    c.content + " ${a:CSV}\n",
	} {
		if err := os.WriteFile(filepath.Join(c.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if c.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.listener.Close() })
	go func() {
		for {
			connection, err := c.listener.Accept()
			if err != nil {
				return
			}
			c.taken.Add(1)
			_ = connection.Close()
		}
	}()
	c.before = c.state(t)
	return c
}

func (c *canaries) path(name string) string { return filepath.Join(c.dir, name) }

// state returns the sum of each file below the folder.
func (c *canaries) state(t *testing.T) map[string]string {
	t.Helper()
	state := map[string]string{}
	err := filepath.WalkDir(c.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		state[path] = fmt.Sprintf("%x", sha256.Sum256(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// readBy reports whether an answer shows a file's content.
func (c *canaries) readBy(answer string) bool { return strings.Contains(answer, c.content) }

// touched lists the files written and the addresses connected to since the start.
func (c *canaries) touched(t *testing.T) []string {
	t.Helper()
	var touched []string
	after := c.state(t)
	for path, sum := range after {
		if c.before[path] != sum {
			touched = append(touched, "wrote "+path)
		}
	}
	for path := range c.before {
		if after[path] == "" {
			touched = append(touched, "removed "+path)
		}
	}
	slices.Sort(touched)
	if n := c.taken.Load(); n > 0 {
		touched = append(touched, fmt.Sprintf("connected %d times", n))
	}
	return touched
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
