package sends

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestReadRecipients(t *testing.T) {
	at := Seconds(time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC).Unix())
	for _, c := range []struct {
		name, csv string
		want      []Row
	}{
		{"one column", "recipient\nada@example.com\n", []Row{{Cells: []string{"ada@example.com"}, Recipient: "ada@example.com"}}},
		{"no line feed at the end", "recipient\nada@example.com", []Row{{Cells: []string{"ada@example.com"}, Recipient: "ada@example.com"}}},
		{"carriage returns", "recipient,x\r\nada@example.com,1\r\n", []Row{{Cells: []string{"ada@example.com", "1"}, Recipient: "ada@example.com"}}},
		{"byte order mark", "\ufeffrecipient\nada@example.com\n", []Row{{Cells: []string{"ada@example.com"}, Recipient: "ada@example.com"}}},
		{"byte order mark before a quote", "\ufeff\"recipient\"\nada@example.com\n", []Row{{Cells: []string{"ada@example.com"}, Recipient: "ada@example.com"}}},
		{"any column, any case", "x, Recipient \n1,Ada@Example.com\n", []Row{{Cells: []string{"1", "Ada@Example.com"}, Recipient: "ada@example.com"}}},
		{"blank lines are nothing", "recipient\n\nada@example.com\n\n", []Row{{Cells: []string{"ada@example.com"}, Recipient: "ada@example.com"}}},
		{
			"times", "recipient,sent_at,Delivered_At\na,2026-11-21T09:30:00Z, 2026-11-21T10:30:00.9+01:00 \nb,,\n",
			[]Row{
				{Cells: []string{"a", "2026-11-21T09:30:00Z", " 2026-11-21T10:30:00.9+01:00 "}, Recipient: "a", SentAt: at, DeliveredAt: at},
				{Cells: []string{"b", "", ""}, Recipient: "b"},
			},
		},
		{"the longest recipient", "recipient\n" + strings.Repeat("a", 320) + "\n", []Row{{Cells: []string{strings.Repeat("a", 320)}, Recipient: strings.Repeat("a", 320)}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := ReadRecipients(strings.NewReader(c.csv))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, r.Rows); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFaultyFiles(t *testing.T) {
	for _, c := range []struct{ name, csv, want string }{
		{"nothing", "", "the file is empty; it must begin with a header row that has a column recipient"},
		{"only a byte order mark", "\ufeff", "the file is empty; it must begin with a header row that has a column recipient"},
		{"a first line that is no CSV", "a\"b\n", "the first line is no CSV; it must be a header row that has a column recipient"},
		{"another header", "mail\nx\n", "the header row has no column recipient; its columns are: mail"},
		{"tabs", "recipient\tname\nx\ty\n", "the header row has no column recipient; its columns are: recipient\ufffdname (cells must be separated by commas)"},
		{"UTF-16", "\xff\xfer\x00e\x00\n", "the header row has no column recipient; its columns are: \ufffdr\ufffde\ufffd (the file must be saved as UTF-8)"},
		{"rows that end with a carriage return only", "mail\rx\r", "the header row has no column recipient; its columns are: mail\ufffdx (rows must end with a line feed)"},
		{"two columns of one name", "recipient,sent_at,SENT_AT\n", "the header has two columns sent_at"},
		{"an output", "recipient,pixel_url\n", "the file has a column pixel_url already, which this command adds; remove it or take the original file"},
		{"no rows", "recipient\n", "the file has a header and no recipients"},
		{"an empty recipient", "recipient,x\n ,1\n", "1 row is faulty, so nothing was registered:\n  line 2: the recipient is empty"},
		{"too long a recipient", "recipient\n" + strings.Repeat("a", 321) + "\n", "1 row is faulty, so nothing was registered:\n  line 2: the recipient is longer than 320 bytes"},
		{"no UTF-8", "recipient\n\xff\n", "1 row is faulty, so nothing was registered:\n  line 2: the recipient is no UTF-8"},
		{"control characters", "recipient\na\x1bb\n", "1 row is faulty, so nothing was registered:\n  line 2: the recipient has control characters"},
		{"the same in another case", "recipient\na\nb\n A\n", "1 row is faulty, so nothing was registered:\n  line 4: the recipient of line 2 again"},
		{"the lines after one with line feeds", "recipient,x\na,\"1\n2\n3\"\na,4\n", "1 row is faulty, so nothing was registered:\n  line 5: the recipient of line 2 again"},
		{"a time after 2106", "recipient,sent_at\na,2106-02-07T06:28:16Z\n", "1 row is faulty, so nothing was registered:\n  line 2: sent_at is not a time like 2026-11-21T09:30:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := ReadRecipients(strings.NewReader(c.csv))
			if !errors.Is(err, ErrFile) || r != nil {
				t.Fatalf("%v, %v; want a faulty file", r, err)
			}
			if diff := cmp.Diff(c.want, err.Error()); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAllFaultsAreCountedAndTheFirstShown(t *testing.T) {
	csv := "recipient,x\nfirst,1\n" + strings.Repeat("first,1\n", 15) + strings.Repeat("one cell\n", 30)
	_, err := ReadRecipients(strings.NewReader(csv))
	e, ok := errors.AsType[*FileError](err)
	if !ok || e.Count != 45 || len(e.First) != 20 {
		t.Fatalf("%v; want 45 faults, 20 of them shown", err)
	}
	if e.First[14] != "line 17: the recipient of line 2 again" || e.First[15] != "line 18: the header has 2 cells, this row 1" {
		t.Errorf("the faults are not in the order of the file: %q", e.First)
	}
	if !strings.HasSuffix(err.Error(), "\n  … and 25 more") {
		t.Errorf("the message does not tell of the rest: %q", err)
	}
}

func TestReadErrorIsNoFaultOfTheFile(t *testing.T) {
	broken := errors.New("no disk")
	for _, before := range []string{"", "recipient\n", "recipient\na\n"} {
		_, err := ReadRecipients(io.MultiReader(strings.NewReader(before), iotest.ErrReader(broken)))
		if !errors.Is(err, broken) || errors.Is(err, ErrFile) {
			t.Errorf("after %q: %v, want the reader's error", before, err)
		}
	}
}

// TestEqualHashesAreToldApart gives different recipients one hash, which chance
// does to nobody.
func TestEqualHashesAreToldApart(t *testing.T) {
	var s seen
	s.init()
	var rows []Row
	for i := range 5 {
		name := fmt.Sprint("r", i)
		if _, again := s.addHash(1<<64-2, name, rows); again {
			t.Errorf("%s is taken for another one", name)
		}
		rows = append(rows, Row{Recipient: name})
	}
	for i := range rows {
		if first, again := s.addHash(1<<64-2, rows[i].Recipient, rows); !again || first != i {
			t.Errorf("row %d is found as %d, %v", i, first, again)
		}
	}
}

func TestSecondsTime(t *testing.T) {
	if at := Seconds(0).Time(); !at.IsZero() {
		t.Errorf("an unknown time is %v", at)
	}
	if at := Seconds(1<<32 - 1).Time(); !at.Equal(time.Date(2106, 2, 7, 6, 28, 15, 0, time.UTC)) {
		t.Errorf("the last time is %v", at)
	}
}
