package e2e_test

import (
	"bytes"
	bytesof "encoding/binary"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"glint/edge/event"
)

// TestNothingIsLeftOfErasedPersons registers persons, lets them be named wherever glint
// keeps anything, erases all but a few while glint is killed, and searches every file:
// each block of the engine's parts, each record of the log and each file of the archive
// is decoded first. GLINT_ERASURE_PERSONS sets how many are erased.
func TestNothingIsLeftOfErasedPersons(t *testing.T) {
	gone := timesFrom(t, "GLINT_ERASURE_PERSONS", 1000)
	const others = 100
	dir, archived := t.TempDir(), t.TempDir()
	home, refusing := newHome(t), httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }))
	defer refusing.Close()
	args := []string{
		"--archive", archived, "--archive-interval", "1s",
		"--webhook", refusing.URL, "--webhook-allow-private", "--webhook-events", "all", "--webhook-give-up", "2s",
	}
	i := up(t, home, args...)
	people := registerPeople(t, i, dir, gone+others)
	var opens, doubtful bytes.Buffer
	traces := make([][][]byte, gone) // what must be gone, by person
	for n, p := range people {
		number := rand.Uint64()
		e := event.Event{
			Version: event.Version, OpenedAt: time.Now().UTC(), Kind: event.KindToken, Token: p.token, Method: "GET",
			UserAgent: agents[0], IP: "192.0.2.0", Network: "none",
		}
		fillID(&e.ID, number)
		opens.Write(append(e.AppendJSON(nil), '\n'))
		if n < gone {
			traces[n] = append(traces[n], []byte(p.address), []byte(p.token), []byte(p.id.String()), engineUUID(p.id), bytesof.LittleEndian.AppendUint64(nil, number))
		}
		switch n % 10 {
		case 3: // a damaged token, and the address beside it
			fillID(&e.ID, rand.Uint64())
			e.Token = p.token[:len(p.token)-4] + "AAAA" // the signature's end
			e.Path = "/o/" + e.Token + ".gif?to=" + p.address
			doubtful.Write(append(e.AppendJSON(nil), '\n'))
		case 7:
			escaped := strings.Replace(p.address, "@", `\u0040`, 1)
			fmt.Fprintf(&doubtful, "{\"about\":\"%s\"}\n", escaped)
			if n < gone {
				traces[n] = append(traces[n], []byte(escaped))
			}
		}
	}
	for _, body := range [][]byte{opens.Bytes(), doubtful.Bytes()} {
		if status, answer := post(t, i, body, "zstd"); status != 200 {
			t.Fatal(status, answer)
		}
	}
	eventually(t, "the opens", func() bool {
		return strings.TrimSpace(query(t, i, "SELECT uniqExact(message_id) FROM opens")) == fmt.Sprint(gone+others)
	})
	bounces := filepath.Join(dir, "bounces.csv")
	writeFile(t, bounces, "event,at,campaign,recipient\ndelivered,"+time.Now().UTC().Format(time.RFC3339)+",rules,"+people[0].address+"\n")
	i.must(t, "send", "import", bounces)
	if found, _ := persons(t, traces, i.home); found != gone {
		t.Fatalf("before, the search of the home finds %d of %d persons", found, gone)
	}
	eventually(t, "the archive", func() bool {
		found, _ := persons(t, traces, archived)
		return found == gone
	})

	webhook := filepath.Join(home, "webhook")
	eventually(t, "events that the webhook did not take", func() bool {
		found, files := persons(t, traces, webhook)
		return found > 0 && slices.Contains(files, filepath.Join(webhook, "dead.jsonl"))
	})

	list := "recipient\n"
	for _, p := range people[:gone] {
		list += p.address + "\n"
	}
	file := filepath.Join(dir, "gone.csv")
	writeFile(t, file, list)
	erase := exec.Command(glintPath(t), "person", "erase", "--file", file, "--yes", "--format", "json")
	erase.Env = append(os.Environ(), "GLINT_HOME="+i.home)
	var receipt, said bytes.Buffer
	erase.Stdout, erase.Stderr = &receipt, &said
	if err := erase.Start(); err != nil {
		t.Fatal(err)
	}
	orders := filepath.Join(i.home, "erasures", "requests")
	eventually(t, "the order", func() bool {
		found, _ := filepath.Glob(filepath.Join(orders, "*.state"))
		return len(found) > 0
	})
	i.stop(t, syscall.SIGKILL)
	i = up(t, i.home, args...)
	if err := erase.Wait(); err != nil {
		t.Fatalf("erase: %v\n%s", err, &said)
	}
	if text := receipt.String() + said.String(); strings.Contains(text, "@example.com") {
		t.Errorf("the receipt names a person: %s", text)
	}
	for _, place := range []string{i.home, archived} {
		if found, files := persons(t, traces, place); found > 0 {
			t.Errorf("%d persons are left in %v", found, files)
		}
	}
	for _, numbers := range []map[string]any{i.report(t, "rules")} {
		for _, name := range []string{"sends", "measured", "unique_opens", "opens_total"} {
			if fmt.Sprint(numbers[name]) != fmt.Sprint(others) {
				t.Errorf("%s is %v, want %d", name, numbers[name], others)
			}
		}
	}

	// A replay of the kept lines does not bring them back, after a start either.
	if code := i.stop(t, syscall.SIGTERM); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	i = up(t, i.home, args...)
	if status, answer := post(t, i, opens.Bytes(), ""); status != 200 {
		t.Fatal(status, answer)
	}
	i.must(t, "audit")
	if n := strings.TrimSpace(query(t, i, "SELECT uniqExact(message_id) FROM opens")); n != fmt.Sprint(others) {
		t.Errorf("opens of %s messages, want %d", n, others)
	}
	if n := strings.TrimSpace(query(t, i, "SELECT count() FROM unresolved_opens")); n != "0" {
		t.Errorf("%s opens wait", n)
	}
	if n := strings.TrimSpace(query(t, i, "SELECT uniqExact(recipient_key) FROM consents WHERE choice = 'withdrawn'")); n != fmt.Sprint(gone) {
		t.Errorf("%s refusals stay, want %d", n, gone)
	}

	// A glint that does not run has to be told where its archive is.
	i.stop(t, syscall.SIGTERM)
	last := []string{"person", "erase", people[gone].address, "--yes"}
	if _, said, code := i.run(t, last...); code != 2 || !strings.Contains(said, "--archive none if it is gone") {
		t.Errorf("without the archive: exit code %d, %s", code, said)
	}
	i.must(t, append(last, "--archive", archived)...)
	if found, files := persons(t, [][][]byte{{[]byte(people[gone].address), []byte(people[gone].token), engineUUID(people[gone].id)}}, archived); found > 0 {
		t.Errorf("the last one is left in %v", files)
	}
}

// person is one who is registered.
type person struct {
	address, token string
	id             uuid.UUID
}

func registerPeople(t *testing.T, i *instance, dir string, n int) []person {
	t.Helper()
	file, urls := filepath.Join(dir, "people.csv"), filepath.Join(dir, "urls.csv")
	var b strings.Builder
	b.WriteString("recipient\n")
	for k := range n {
		fmt.Fprintf(&b, "reader-%06d@example.com\n", k)
	}
	writeFile(t, file, b.String())
	i.must(t, "send", "register", "--campaign", "rules", "--file", file, "--output", urls)
	text, err := os.ReadFile(urls)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil || len(rows) != n+1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	people := make([]person, n)
	for k, row := range rows[1:] {
		id, err := uuid.Parse(row[1])
		if err != nil {
			t.Fatal(err)
		}
		people[k] = person{row[0], tokenOf(row[2]), id}
	}
	return people
}

// engineUUID is a UUID as a column of the engine has it: halves of 8 bytes, the last
// byte first.
func engineUUID(id uuid.UUID) []byte {
	b := bytesof.LittleEndian.AppendUint64(nil, bytesof.BigEndian.Uint64(id[:8]))
	return bytesof.LittleEndian.AppendUint64(b, bytesof.BigEndian.Uint64(id[8:]))
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
