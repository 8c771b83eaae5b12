package send

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"glint/cli/internal/app"
	"glint/cli/internal/home"
	"glint/ingest/sends"
	"glint/ingest/warehouse/enginetest"
)

func TestMain(m *testing.M) {
	runCommandIfAsked()
	os.Exit(enginetest.Main(m))
}

// runningApp returns the surroundings of a command while an instance of glint
// with the test's warehouse runs: this process.
func runningApp(tb testing.TB, out, errs io.Writer) *app.App {
	tb.Helper()
	w := enginetest.Open(tb)
	h := home.Home(filepath.Join(tb.TempDir(), "home"))
	if err := h.Make(); err != nil {
		tb.Fatal(err)
	}
	credentials := fmt.Sprintf("GLINT_SQL_USER=%s\nGLINT_SQL_PASSWORD=%s\nGLINT_WAREHOUSE_USER=%s\nGLINT_WAREHOUSE_PASSWORD=%s\n",
		enginetest.ReaderUser.Name, enginetest.ReaderUser.Password, enginetest.WarehouseUser.Name, enginetest.WarehouseUser.Password)
	if err := os.WriteFile(h.CredentialsFile(), []byte(credentials), 0o600); err != nil {
		tb.Fatal(err)
	}
	keys, err := h.FirstKey()
	if err != nil {
		tb.Fatal(err)
	}
	state := home.State{Pixel: "http://127.0.0.1:8701", Warehouse: w.URL, Credentials: h.CredentialsFile(), PixelKeys: []int{int(keys[0].ID)}}
	if err := h.WriteState(state); err != nil {
		tb.Fatal(err)
	}
	return &app.App{Out: out, Err: errs, Getenv: func(string) string { return "" }, Home: h}
}

// million is the size of file that the budget is about.
const million = 1_000_000

// BenchmarkRegisterMillion measures `glint send register` whole, from the file
// to the URLs, against the real engine, beside reading and writing the same
// CSV with encoding/csv and nothing else. The budget is 5 s; peak-MB is the
// process's largest resident memory, without the engine.
func BenchmarkRegisterMillion(b *testing.B) {
	file := filepath.Join(b.TempDir(), "recipients.csv")
	size := writeRecipients(b, file, million)
	urls := filepath.Join(b.TempDir(), "urls.csv")
	b.Run("csv alone", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			copyCSV(b, file, urls)
		}
	})
	b.Run("register", func(b *testing.B) {
		a := runningApp(b, io.Discard, io.Discard)
		b.SetBytes(size)
		run := 0
		for b.Loop() {
			run++
			o := &registerOptions{
				app: a, campaign: fmt.Sprint("million ", run), file: file, output: urls,
				base: &sends.BaseURL{URL: "https://pixel.example.com"}, style: sends.StyleToken, now: time.Now,
			}
			if err := runRegister(context.Background(), o); err != nil {
				b.Fatal(err)
			}
		}
		var usage unix.Rusage
		if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(usage.Maxrss)/1024, "peak-MB")
	})
}

func writeRecipients(tb testing.TB, path string, n int) (size int64) {
	tb.Helper()
	f, err := os.Create(path)
	if err != nil {
		tb.Fatal(err)
	}
	w := bufio.NewWriter(f)
	_, _ = w.WriteString("recipient,first_name,segment\n") // Flush reports it
	for i := range n {
		_, _ = fmt.Fprintf(w, "Reader.%07d@mail%d.example.com,Name%d,%d\n", i, i%50, i%1000, i%7)
	}
	if err := errors.Join(w.Flush(), f.Close()); err != nil {
		tb.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		tb.Fatal(err)
	}
	return info.Size()
}

// copyCSV reads and writes a file record by record, with two more cells of the
// length of an id and a URL.
func copyCSV(tb testing.TB, from, to string) {
	tb.Helper()
	in, err := os.Open(from)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = in.Close() }()
	out, err := os.Create(to)
	if err != nil {
		tb.Fatal(err)
	}
	r, w := csv.NewReader(bufio.NewReader(in)), csv.NewWriter(bufio.NewWriter(out))
	r.ReuseRecord = true
	const id, pixel = "00000000-0000-8000-8000-000000000000", "https://pixel.example.com/o/EAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.gif"
	var cells []string
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			tb.Fatal(err)
		}
		cells = append(append(cells[:0], record...), id, pixel)
		if err := w.Write(cells); err != nil {
			tb.Fatal(err)
		}
	}
	w.Flush()
	if err := errors.Join(w.Error(), out.Sync(), out.Close()); err != nil {
		tb.Fatal(err)
	}
}
