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

	"glint/ingest/warehouse"
)

func readCSV(text string, o ReadOptions) (*Recipients, error) {
	return ReadRecipients(strings.NewReader(text), o)
}

func TestReadRecipients(t *testing.T) {
	at := Seconds(time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC).Unix())
	one := []Row{{Cells: []string{"ada@example.com"}, Recipient: "ada@example.com", Line: 2}}
	for _, c := range []struct {
		name, csv string
		options   ReadOptions
		want      []Row
	}{
		{"one column", "recipient\nada@example.com\n", ReadOptions{}, one},
		{"no line feed at the end", "recipient\nada@example.com", ReadOptions{}, one},
		{"carriage returns", "recipient,x\r\nada@example.com,1\r\n", ReadOptions{}, []Row{{Cells: []string{"ada@example.com", "1"}, Recipient: "ada@example.com", Line: 2}}},
		{"byte order mark before a quote", "\ufeff\"recipient\"\nada@example.com\n", ReadOptions{}, one},
		{"any column, any case", "x, Recipient \n1,Ada@Example.com\n", ReadOptions{}, []Row{{Cells: []string{"1", "Ada@Example.com"}, Recipient: "ada@example.com", Line: 2}}},
		{"another column", "E-Mail;Name\nada@example.com;Ada\n", ReadOptions{RecipientColumn: " e-mail "}, []Row{{Cells: []string{"ada@example.com", "Ada"}, Recipient: "ada@example.com", Line: 2}}},
		{"another column beside recipient", "recipient,mail\nx,ada@example.com\n", ReadOptions{RecipientColumn: "mail"}, []Row{{Cells: []string{"x", "ada@example.com"}, Recipient: "ada@example.com", Line: 2}}},
		{
			"times", "recipient,sent_at,Delivered_At\na,2026-11-21T09:30:00Z, 2026-11-21T10:30:00.9+01:00 \nb,,NULL\n",
			ReadOptions{},
			[]Row{
				{Cells: []string{"a", "2026-11-21T09:30:00Z", " 2026-11-21T10:30:00.9+01:00 "}, Recipient: "a", Line: 2, SentAt: at, DeliveredAt: at},
				{Cells: []string{"b", "", "NULL"}, Recipient: "b", Line: 3},
			},
		},
		{
			"times with a zone from outside", "recipient,sent_at\na,2026-11-21 10:30\n",
			ReadOptions{Zone: time.FixedZone("", 3600)},
			[]Row{{Cells: []string{"a", "2026-11-21 10:30"}, Recipient: "a", Line: 2, SentAt: at}},
		},
		{
			"tracking and tests", "recipient,tracking,test\na,,\nb,OFF,TRUE\nc,identified,false\n",
			ReadOptions{},
			[]Row{
				{Cells: []string{"a", "", ""}, Recipient: "a", Line: 2},
				{Cells: []string{"b", "OFF", "TRUE"}, Recipient: "b", Line: 3, Tracking: warehouse.Off, Test: warehouse.TestYes},
				{Cells: []string{"c", "identified", "false"}, Recipient: "c", Line: 4, Test: warehouse.TestNo},
			},
		},
		{"a file of tests", "recipient,test\na,false\n", ReadOptions{Test: true}, []Row{{Cells: []string{"a", "false"}, Recipient: "a", Line: 2, Test: warehouse.TestYes}}},
		{"the first of duplicates", "recipient,x\na,1\nb,2\nA,3\n", ReadOptions{SkipDuplicates: true}, []Row{
			{Cells: []string{"a", "1"}, Recipient: "a", Line: 2}, {Cells: []string{"b", "2"}, Recipient: "b", Line: 3},
		}},
		{"the longest recipient", "recipient\n" + strings.Repeat("a", 320) + "\n", ReadOptions{}, []Row{{Cells: []string{strings.Repeat("a", 320)}, Recipient: strings.Repeat("a", 320), Line: 2}}},
		{"two other columns of one name", "x,recipient,X\n1,a,2\n", ReadOptions{}, []Row{{Cells: []string{"1", "a", "2"}, Recipient: "a", Line: 2}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := readCSV(c.csv, c.options)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, r.Rows); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}

// TestExportsOfOthers reads the headers of exports of mail programs, CRMs and
// spreadsheets.
func TestExportsOfOthers(t *testing.T) {
	for _, c := range []struct{ name, csv, guessed string }{
		{"Mailchimp", "Email Address,First Name,Last Name,Address,Phone Number,OPTIN_TIME\nada@example.com,Ada,L,,,\n", "Email Address"},
		{"HubSpot", "\ufeff\"Record ID\",\"First Name\",\"Email\",\"Email Domain\",\"Contact owner\"\n\"1\",\"Ada\",\"ada@example.com\",\"example.com\",\"\"\n", "Email"},
		{"Brevo", "CONTACT ID;EMAIL;VORNAME;SMS;ADDED_TIME\n1;ada@example.com;Ada;;\n", "EMAIL"},
		{"Klaviyo", "Email,Klaviyo ID,First Name,Email Marketing Consent\nada@example.com,x,Ada,SUBSCRIBED\n", "Email"},
		{"a German spreadsheet", "sep=;\r\nVorname;E-Mail-Adresse\r\nJ\xf6rg;ada@example.com\r\n", "E-Mail-Adresse"},
		{"an address book", "First Name,E-mail 1 - Value,Phone 1 - Value\nAda,ada@example.com,1\n", "E-mail 1 - Value"},
		{"tabs", "E-Mail\tName\nada@example.com\tAda\n", "E-Mail"},
		{"the usual one", "recipient,email\nada@example.com,x\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := readCSV(c.csv, ReadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if r.Guessed != c.guessed || len(r.Rows) != 1 || r.Rows[0].Recipient != "ada@example.com" {
				t.Errorf("column %q, rows %+v; want %q", r.Guessed, r.Rows, c.guessed)
			}
		})
	}
}

func TestFaultyFiles(t *testing.T) {
	one := func(reason string) string { return "1 row is faulty, so nothing was registered:\n  " + reason }
	for _, c := range []struct {
		name, csv string
		options   ReadOptions
		want, try string
	}{
		{"nothing", "", ReadOptions{}, "the file is empty; it must begin with a header row that has a column recipient", ""},
		{"a first line that is no CSV", "\"a\"b\n", ReadOptions{}, "line 1 is no header row: a quoted cell does not end, or goes on after its quote", ""},
		{"a workbook", "PK\x03\x04xl/workbook.xml", ReadOptions{}, "the file is an Excel workbook, not a text file", "save it as CSV (in UTF-8) in the program that wrote it"},
		{"two columns of the guessed name", "Email,x,EMAIL\na@example.com,1,b@example.com\n", ReadOptions{}, "the header has two columns email", "the same with one of them renamed"},
		{"another header", "Email Address,First Name\nx,y\n", ReadOptions{}, `the column "Email Address" has the usual name for addresses, but contains few`, `--recipient-column "Email Address", if it contains the recipients`},
		{"two usual headers", "Email;Work Email\na@example.com;b@example.com\n", ReadOptions{}, `the header row has no column recipient; its columns are: Email, Work Email; is it "Email"?`, `--recipient-column "Email"`},
		{"a header that may be a postal address", "Address\na@example.com\n", ReadOptions{}, `the header row has no column recipient; its columns are: Address; is it "Address"?`, `--recipient-column "Address"`},
		{"a column known by its cells", "Name,Kontakt\nAda,ada@example.com\nBob,\n", ReadOptions{}, `the header row has no column recipient; its columns are: Name, Kontakt; is it "Kontakt"?`, `--recipient-column "Kontakt"`},
		{"a column that nothing gives away", "a,b\n1,2\n", ReadOptions{}, "the header row has no column recipient; its columns are: a, b", "--recipient-column NAME, with the column that has the recipients"},
		{"a column that is not there", "recipient\nx\n", ReadOptions{RecipientColumn: "mail"}, "the header row has no column mail; its columns are: recipient", "--recipient-column NAME, with the column that has the recipients"},
		{"no header row", "ada@example.com,Ada\nbob@example.com,Bob\n", ReadOptions{}, "the first line has an address, so the header row seems to be missing; it must have a column recipient", "a first line that names the columns, like recipient,name"},
		{"an unknown encoding", "recipient\n\x81\n", ReadOptions{}, "the text of the file is neither UTF-8 nor UTF-16 nor Windows 1252", "save it as UTF-8, or name its encoding by --encoding"},
		{"two columns of one name", "recipient,sent_at,SENT_AT\n", ReadOptions{}, "the header has two columns sent_at", "the same with one of them renamed"},
		{"a column to keep that is not there", "recipient,x\na,1\n", ReadOptions{KeepColumns: []string{"y"}}, "the header row has no column y to keep; its columns are: recipient, x", ""},
		{"a column to keep that is there twice", "recipient,x,X\na,1,2\n", ReadOptions{KeepColumns: []string{"x"}}, "the header has two columns x, so none of them can be kept", ""},
		{"an output", "recipient,pixel_url\n", ReadOptions{}, "the file has a column pixel_url already, which this command adds; remove it or take the original file", ""},
		{"no rows", "recipient\n", ReadOptions{}, "the file has a header and no recipients", ""},
		{"only blank rows", "recipient,x\n,\n\n,\n", ReadOptions{}, "the file has a header and no recipients", ""},
		{"an empty recipient", "recipient,x\n ,1\n", ReadOptions{}, one("line 2: the recipient is empty"), ""},
		{"too long a recipient", "recipient\n" + strings.Repeat("a", 321) + "\n", ReadOptions{}, one("line 2: the recipient is longer than 320 bytes"), ""},
		{"no UTF-8 in a file of it", "recipient\nö\n\xff\n", ReadOptions{}, one("line 3: the recipient is no UTF-8"), ""},
		{"control characters", "recipient\na\x1bb\n", ReadOptions{}, one("line 2: the recipient has control characters"), ""},
		{"a NUL", "recipient\na\x00b\n", ReadOptions{}, one("line 2: the recipient has control characters"), ""},
		{"the same in another case", "recipient\na\nb\n A\n", ReadOptions{}, one("line 4: the recipient of line 2 again"), ""},
		{"the lines after one with line feeds", "recipient,x\na,\"1\n2\n3\"\na,4\n", ReadOptions{}, one("line 5: the recipient of line 2 again"), ""},
		{"lines of carriage returns", "recipient\ra\rb\ra\r", ReadOptions{}, one("line 4: the recipient of line 2 again"), ""},
		{"the header again", "recipient,x\na,1\nRecipient,X\n", ReadOptions{}, one("line 3: the header row again"), ""},
		{"a time after 2106", "recipient,sent_at\na,2106-02-07T06:28:16Z\n", ReadOptions{}, one("line 2: sent_at lies before 1970 or after 2106"), ""},
		{"an unknown mode", "recipient,tracking\na,some\n", ReadOptions{}, one("line 2: tracking must be one of identified, pseudonymous, last_open, aggregate, off"), ""},
		{"a test that may be one", "recipient,test\na,perhaps\n", ReadOptions{}, one("line 2: test is neither true nor false"), ""},
		{"a large attribute", "recipient,x\na," + strings.Repeat("x", 1025) + "\n", ReadOptions{KeepColumns: []string{"x"}}, one("line 2: a cell to keep is longer than 1024 bytes"), ""},
		{"a row of two megabytes", "recipient,x\na," + strings.Repeat("x", 2<<20) + "\nb,1\n", ReadOptions{}, one("line 2: the row is longer than 1 MiB or has more than 4,096 cells; perhaps a quote before it does not end"), ""},
		{"duplicates that only look equal are none", "recipient\nо1@example.com\no1@example.com\n", ReadOptions{SkipDuplicates: true}, one("line 3: the recipient looks like that of line 2 and is another one"), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := readCSV(c.csv, c.options)
			e, ok := errors.AsType[*FileError](err)
			if !ok || !errors.Is(err, ErrFile) || r != nil {
				t.Fatalf("%v, %v; want a faulty file", r, err)
			}
			try := c.try
			switch {
			case strings.Contains(c.want, "recipient of line"):
				try = "--duplicates first, which takes the first row of each recipient"
			case e.Count > 0:
				try = "the same with these rows corrected, or --faulty skip, which skips them and lists them in a file"
			}
			if diff := cmp.Diff([]string{c.want, try}, []string{err.Error(), e.Hint()}); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

// TestOneCellIsOneRecipient is about columns of addresses; ids of one's own may
// look as they like.
func TestOneCellIsOneRecipient(t *testing.T) {
	for _, c := range []struct{ cell, reason string }{
		{"bob@example.com, eve@example.com", "the recipient has more than one @; one row is one recipient"},
		{"bob@example.com;eve@example.com", "the recipient has more than one @; one row is one recipient"},
		{"bob@example.com eve@example.com", "the recipient has more than one @; one row is one recipient"},
		{"bob@example.com;Bob", "the recipient has a separator; one row is one recipient, and one cell is one column"},
		{"Bob, bob@example.com", "the recipient has a separator; one row is one recipient, and one cell is one column"},
		{"Bob <bob@example.com>", "the recipient has angle brackets; the address alone is wanted"},
		{"<bob@example.com>", "the recipient has angle brackets; the address alone is wanted"},
		{"Jörg <joerg@bücher.example>", "the recipient has angle brackets; the address alone is wanted"},
		{"MAILTO:bob@example.com", "the recipient is a link (mailto:), not an address"},
		{"Bob bob@example.com", "the recipient has a blank within the address"},
		{"bob@ example.com", "the recipient has a blank within the address"},
		{"bob@example.com (work)", "the recipient has a blank within the address"},
		{"bob@example.com|7", "the recipient has other characters behind the address"},
		{"'bob@example.com'", "the recipient has other characters behind the address"},
		{"bob@", "the recipient has no whole domain behind the @"},
		{"bob@example.com.", "the recipient has no whole domain behind the @"},
		{"bob@example..com", "the recipient has no whole domain behind the @"},
		{"@example.com", "the recipient has nothing before the @"},
		{"bob＠example.com", reasonForms},
		{"ｂｏｂ@example.com", reasonForms},
		{"ﬁne@example.com", reasonForms},
		{"bоb@example.com", "the recipient mixes Latin letters with letters of another script that look like them"}, // Cyrillic о
		{"bob@exаmple.com", "the recipient mixes Latin letters with letters of another script that look like them"}, // Cyrillic а
		{"bob@example.com", ""},
		{"\"Bob, the builder\"@example.com", ""},
		{"bob+a/b=c_d@[192.0.2.1]", ""},
		{"иван.bob@пример.example", ""},
		{"田中@例え.example", ""},
		{"customer 17; second", ""}, // no @: an id, or a wrong cell; only counted
	} {
		cell := `"` + strings.ReplaceAll(c.cell, `"`, `""`) + `"`
		r, err := readCSV("recipient,x\nada@example.com,1\n"+cell+",2\n", ReadOptions{})
		want := ""
		if c.reason != "" {
			want = "1 row is faulty, so nothing was registered:\n  line 3: " + c.reason
		}
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %q, want %q", c.cell, got, want)
			continue
		}
		if err == nil && (r.NoAddress.Count > 0) == strings.Contains(c.cell, "@") {
			t.Errorf("%q: %d rows without an @", c.cell, r.NoAddress.Count)
		}
	}
	ids := "recipient\na;b\nc, d\n<e>\nf@g@h\nmailto:i\n17\n18\n19\n"
	r, err := readCSV(strings.ReplaceAll(ids, "c, d", `"c, d"`), ReadOptions{})
	if err != nil || len(r.Rows) != 8 || r.NoAddress.Count != 0 {
		t.Errorf("ids of one's own: %v", err)
	}
}

// TestOnePersonIsOneMessage has cells that look equal: the second is refused as
// a duplicate of the first, or for its own fault.
func TestOnePersonIsOneMessage(t *testing.T) {
	for _, c := range []struct{ first, second, reason string }{
		{"ada@example.com", "ADA@example.com", "the recipient of line 2 again"},
		{"ada@example.com", "\u200bada@example.com", "the recipient of line 2 again"},
		{"ada@example.com", "ada@example.com\u200b", "the recipient of line 2 again"},
		{"ada@example.com", "\u200fada@example.com", "the recipient of line 2 again"},
		{"ada@example.com", "\u202aada@example.com\u202c", "the recipient of line 2 again"},
		{"ada@example.com", "\ufeff ada@example.com\u00a0\u2060", "the recipient of line 2 again"},
		{"ada@example.com", "\u00adada@example.com\u180e", "the recipient of line 2 again"},
		{"ada@example.com", "\u3164ada@example.com\ufe0f", "the recipient of line 2 again"},
		{"ada@example.com", "ada@ＥＸＡＭＰＬＥ.com", "the recipient of line 2 again"},
		{"ada@example.com", "ada@example。com", "the recipient of line 2 again"},
		{"ada@example.com", "a\u200bda@example.com", "the recipient has an invisible character (U+200B)"},
		{"ada@example.com", "ada@exam\u00adple.com", "the recipient has an invisible character (U+00AD)"},
		{"ada@example.com", "ada\u034f@example.com", "the recipient has an invisible character (U+034F)"},
		{"jörg@example.com", "jo\u0308rg@example.com", "the recipient of line 2 again"},
		{"jörg@example.com", "JO\u0308RG@example.com", "the recipient of line 2 again"},
		{"ada@bücher.example", "ada@xn--bcher-kva.example", "the recipient of line 2 again"},
		{"ada@bücher.example", "ada@XN--BCHER-KVA.example", "the recipient of line 2 again"},
		{"ada@bücher.example", "ada@bu\u0308cher.example", "the recipient of line 2 again"},
		{"\u212bngstr\u00f6m@example.com", "\u00c5ngstr\u00f6m@example.com", "the recipient of line 2 again"},
		{"customer 17", "customer\u00a017", "the recipient looks like that of line 2 and is another one"},
		{"customer 17", "customer  17", "the recipient looks like that of line 2 and is another one"},
		{"customer 17", "customer １７", "the recipient looks like that of line 2 and is another one"},
		{"орсу@example.com", "opcy@example.com", "the recipient looks like that of line 2 and is another one"},
		{"ada@орсу.example", "ada@opcy.example", "the recipient looks like that of line 2 and is another one"},
		{"οδυσσευς", "οδυσσευσ", "the recipient looks like that of line 2 and is another one"},
		{"a\ufffdda@example.com", "x", ""},
	} {
		_, err := readCSV("recipient,x\n"+c.first+",1\n"+c.second+",2\n", ReadOptions{})
		want := "1 row is faulty, so nothing was registered:\n  line 3: " + c.reason
		if c.reason == "" {
			want = "1 row is faulty, so nothing was registered:\n  line 2: " + errReplacement.Error()
		}
		if err == nil || err.Error() != want {
			t.Errorf("%q after %q: %v, want %q", c.second, c.first, err, want)
		}
	}
}

func TestAllFaultsAreCountedAndTheFirstShown(t *testing.T) {
	csv := "recipient,x\nfirst@example.com,1\n" + strings.Repeat("FIRST@example.com,1\nA <b@example.com>,1\n\n", 15) + strings.Repeat("one cell\n", 30) + "a@b@c,1\n"
	_, err := readCSV(csv, ReadOptions{})
	e, ok := errors.AsType[*FileError](err)
	if !ok || e.Count != 61 || len(e.First) != 20 {
		t.Fatalf("%v; want 61 faults, 20 of them shown", err)
	}
	for i := 1; i < len(e.First); i++ {
		if e.First[i].Line <= e.First[i-1].Line {
			t.Errorf("the faults are not in the order of the file: %v", e.First)
		}
	}
	if !strings.HasSuffix(err.Error(), "\n  … and 41 more") {
		t.Errorf("the message does not mention the rest: %q", err)
	}
}

func TestReadErrorIsNoFaultOfTheFile(t *testing.T) {
	broken := errors.New("no disk")
	for _, before := range []string{"", "recipient\n", "recipient\na\n"} {
		_, err := ReadRecipients(io.MultiReader(strings.NewReader(before), iotest.ErrReader(broken)), ReadOptions{})
		if !errors.Is(err, broken) || errors.Is(err, ErrFile) {
			t.Errorf("after %q: %v, want the reader's error", before, err)
		}
	}
}

func TestImplausibleRowsAreCounted(t *testing.T) {
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	r, err := readCSV(`recipient,sent_at,delivered_at
a@example.com,2099-01-01T00:00:00Z,
b@example.com,2026-11-28T10:00:00Z,2026-11-28T09:00:00Z
c@example.com,2006-11-28T10:00:00Z,
d@example.com,,2026-11-20T00:00:00Z
e@example.com,2026-10-25 02:30,2026-12-01T00:00:00Z
f,2026-11-28T10:00:00Z,2026-11-28T10:00:01Z
g@example.com,2027-02-26T10:00:00Z,2026-11-28T12:59:00Z
`, ReadOptions{Zone: berlin(t)})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"line 7 has a recipient without an @, unlike most of the column",
		"line 2 has sent_at more than 90 days ahead",
		"line 4 has sent_at more than two years ago",
		"3 rows have delivered_at before sent_at (the first is line 3)",
		"line 6 has delivered_at in the future",
		"line 6 has a time that the clocks in --time-zone showed twice; the first was taken",
	}
	if diff := cmp.Diff(want, r.Warnings(now, SecondsOf(now))); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
}

func berlin(tb testing.TB) *time.Location {
	tb.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		tb.Fatal(err)
	}
	return zone
}

// TestEqualHashesAreToldApart gives many recipients few hashes, while the table
// grows.
func TestEqualHashesAreToldApart(t *testing.T) {
	var s seen
	s.init()
	var rows []Row
	hash := func(i int) uint64 { return 1<<64 - 2 - uint64(i%9)<<32 } // the last places, and on from the first
	for i := range 3000 {
		name := fmt.Sprint("r", i)
		if _, again := s.addHash(hash(i), name, rows); again {
			t.Fatalf("%s is taken for another one", name)
		}
		rows = append(rows, Row{Recipient: name})
	}
	for i := range rows {
		if first, again := s.addHash(hash(i), rows[i].Recipient, rows); !again || first != i {
			t.Fatalf("row %d is found as %d, %v", i, first, again)
		}
	}
	if _, again := s.addHash(hash(0), "r", rows); again {
		t.Error("a new recipient is taken for another one")
	}
}

func TestSecondsTime(t *testing.T) {
	if at := Seconds(0).Time(); !at.IsZero() || SecondsOf(time.Time{}) != 0 {
		t.Errorf("an unknown time is %v", at)
	}
	if at := Seconds(1<<32 - 1).Time(); !at.Equal(time.Date(2106, 2, 7, 6, 28, 15, 0, time.UTC)) {
		t.Errorf("the last time is %v", at)
	}
}
