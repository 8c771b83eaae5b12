package sql

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/term"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/cli/internal/rows"
	"glint/ingest/host/atomicfile"
	"glint/ingest/warehouse"
)

const help = `statements end with a semicolon
\d        lists the views
\d VIEW   lists its columns
\q        quits (also Ctrl-D); Ctrl-C discards the line, or cancels the running statement
`

// shell reads statements from a terminal; their answers go to the standard output.
type shell struct {
	o       *options
	w       *warehouse.Warehouse
	in      *os.File
	line    *term.Terminal
	keys    *keys
	words   []string // for completion, sorted
	history *history
}

func newShell(o *options, w *warehouse.Warehouse, in *os.File) *shell {
	k := &keys{in: in}
	s := &shell{o: o, w: w, in: in, keys: k}
	s.line = term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{k, in}, "")
	s.history = readHistory(o.app.Home.SQLHistoryFile())
	s.line.History = s.history
	s.line.AutoCompleteCallback = s.complete
	return s
}

// keys reads the keyboard. It turns Ctrl-C into keys that empty and end the line, since the
// library would take Ctrl-C for the end of the input.
type keys struct {
	in          io.Reader
	waiting     []byte
	interrupted bool
}

func (k *keys) Read(p []byte) (int, error) {
	if len(k.waiting) == 0 {
		buffer := make([]byte, 256)
		n, err := k.in.Read(buffer)
		if n == 0 {
			return 0, err
		}
		for _, key := range buffer[:n] {
			if key == 3 { // Ctrl-C: go to the end of the line, erase it, Enter
				k.interrupted = true
				k.waiting = append(k.waiting, 5, 21, '\r')
			} else {
				k.waiting = append(k.waiting, key)
			}
		}
	}
	n := copy(p, k.waiting)
	k.waiting = k.waiting[n:]
	return n, nil
}

// run reads statements until the end of the input. Only SIGTERM stops it from outside: SIGINT cancels
// the running statement.
func (s *shell) run(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM)
	defer signal.Stop(ended)
	s.words = s.wordsOf(ctx)
	fmt.Fprintln(s.o.app.Err, "statements end with a semicolon; \\d lists the views, \\? prints help, \\q quits")
	text := ""
	for {
		line, err := s.readLine(text != "")
		select {
		case <-ended:
			return nil
		default:
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the terminal: %w", err)
		}
		if s.keys.interrupted {
			s.keys.interrupted, text = false, ""
			continue
		}
		if text == "" && strings.HasPrefix(strings.TrimSpace(line), "\\") {
			if s.order(ctx, strings.Fields(line)) {
				return nil
			}
			continue
		}
		text += line + "\n"
		statements, rest := statementsOf(text)
		if text = rest; rest != "" && len(statements) == 0 {
			continue
		}
		for _, statement := range statements {
			s.answer(ctx, statement, nil)
		}
	}
}

// readLine reads a line in the terminal's raw mode.
func (s *shell) readLine(more bool) (string, error) {
	prompt := "glint> "
	if more {
		prompt = "    -> "
	}
	s.line.SetPrompt(prompt)
	before, err := term.MakeRaw(int(s.in.Fd()))
	if err != nil {
		return "", err
	}
	defer func() { _ = term.Restore(int(s.in.Fd()), before) }()
	if width, height, err := term.GetSize(int(s.in.Fd())); err == nil && width > 0 {
		_ = s.line.SetSize(width, height) // otherwise the library's default width applies
	}
	s.line.SetBracketedPasteMode(true)
	defer s.line.SetBracketedPasteMode(false)
	line, err := s.line.ReadLine()
	if errors.Is(err, term.ErrPasteIndicator) {
		err = nil
	}
	return line, err
}

// answer prints the answer of a statement, or its error.
func (s *shell) answer(ctx context.Context, statement string, parameters map[string]string) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	err := rows.Print(ctx, s.w, statement, s.o.format, parameters, s.o.app.Out)
	app.Report(s.o.app.Err, err)
}

// order executes a command that begins with a backslash, and reports whether it ends the shell.
func (s *shell) order(ctx context.Context, words []string) bool {
	switch {
	case words[0] == `\q`:
		return true
	case words[0] == `\d` && len(words) == 1:
		s.answer(ctx, `SELECT name AS view, comment FROM system.tables WHERE database = currentDatabase() ORDER BY name`, nil)
	case words[0] == `\d`:
		s.answer(ctx, `SELECT name, type, comment FROM system.columns WHERE database = currentDatabase() AND table = {view:String} ORDER BY position`,
			map[string]string{"view": strings.TrimSuffix(words[1], ";")})
	default:
		fmt.Fprint(s.o.app.Err, help)
	}
	return false
}

// keywords are the SQL keywords that Tab completes.
var keywords = strings.Fields(`SELECT FROM WHERE GROUP BY ORDER LIMIT HAVING WITH AS AND OR NOT IN LIKE BETWEEN IS NULL JOIN LEFT INNER
	ON USING UNION ALL DISTINCT DESCRIBE SHOW TABLES CASE WHEN THEN ELSE END ASC DESC count sum avg min max uniqExact countIf sumIf
	toStartOfHour toStartOfDay toDate now today`)

// wordsOf returns the words that Tab completes: keywords, views and columns. If the warehouse does not
// answer, it returns only the keywords.
func (s *shell) wordsOf(ctx context.Context) []string {
	words := slices.Clone(keywords)
	var text strings.Builder
	err := rows.Print(ctx, s.w, `SELECT DISTINCT arrayJoin([table, name]) AS word FROM system.columns WHERE database = currentDatabase()`, "csv", nil, &text)
	if err == nil {
		words = append(words, strings.Fields(text.String())[1:]...)
	}
	slices.Sort(words)
	return slices.Compact(words)
}

// complete completes the word before the cursor on Tab, up to the longest common prefix of
// the matching words; a second Tab lists them.
func (s *shell) complete(line string, at int, key rune) (string, int, bool) {
	if key != '\t' {
		return "", 0, false
	}
	begin := strings.LastIndexFunc(line[:at], func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) + 1
	word := line[begin:at]
	var found []string
	for _, candidate := range s.words {
		if word != "" && len(candidate) >= len(word) && strings.EqualFold(candidate[:len(word)], word) {
			found = append(found, candidate)
		}
	}
	if len(found) == 0 {
		return line, at, true
	}
	common := found[0]
	for _, other := range found[1:] {
		for !strings.HasPrefix(strings.ToLower(other), strings.ToLower(common)) {
			common = common[:len(common)-1]
		}
	}
	if len(found) == 1 {
		common += " "
	} else if len(common) == len(word) {
		fmt.Fprintln(s.line, output.Safe(strings.Join(found[:min(len(found), 40)], "  ")))
		return line, at, true
	}
	return line[:begin] + common + line[at:], begin + len(common), true
}

// historyLines is the maximum number of lines in the history.
const historyLines = 1000

// history keeps the lines of all shells of this home in a file that only its owner can
// read: statements may contain recipients.
type history struct {
	file  string // "": no history is kept
	lines []string
}

func readHistory(file string) *history {
	h := &history{file: file}
	f, err := os.Open(file)
	if err != nil {
		return h // the first shell of this home
	}
	defer func() { _ = f.Close() }()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		h.lines = append(h.lines, lines.Text())
	}
	return h
}

// Add appends a line unless it equals the latest one.
func (h *history) Add(line string) {
	if strings.TrimSpace(line) == "" || len(h.lines) > 0 && h.lines[len(h.lines)-1] == line {
		return
	}
	h.lines = append(h.lines, line)
	h.lines = h.lines[max(0, len(h.lines)-historyLines):]
	// Without a home, or on a full disk, the history is lost at the end of the shell.
	_ = atomicfile.WriteFile(h.file, []byte(strings.Join(h.lines, "\n")+"\n"))
}

// Len returns the number of lines.
func (h *history) Len() int { return len(h.lines) }

// At returns line i; 0 is the latest.
func (h *history) At(i int) string { return h.lines[len(h.lines)-1-i] }
