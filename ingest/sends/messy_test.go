package sends

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestColumnsOfAddressesAreFoundInAnyLanguage has names of columns, each with
// addresses in its cells.
func TestColumnsOfAddressesAreFoundInAnyLanguage(t *testing.T) {
	for _, name := range []string{
		"Email", "E-Mail-Adresse", "E-Mail (geschäftlich)", "Adresse électronique", "Adresse e-mail", "Dirección de correo electrónico",
		"Endereço de e-mail", "Correio eletrónico", "Indirizzo e-mail", "E-mailadres", "E-postadress", "Epostadresse", "Sähköpostiosoite",
		"Poczta elektroniczna", "Elektronická pošta", "E-mail cím", "E-posta", "Электронная почта", "Адрес эл. почты",
		"Електронна пошта", "Ηλεκτρονική διεύθυνση", "メールアドレス", "电子邮件", "電子郵件", "邮箱地址", "이메일 주소", "البريد الإلكتروني", "אימייל", "อีเมล", "ईमेल",
		"Billing Email", "Attendee email", "EMAIL_ADDR", "lead.email", "Email (required)", "Work Email", "person[email]",
	} {
		r, err := readCSV("Name;"+name+";Manager's email\nAda;ada@example.com;m@example.com\nBob;bob@example.com;m@example.com\n", ReadOptions{})
		if err != nil || r.Guessed != name || len(r.Rows) != 2 || r.Rows[1].Recipient != "bob@example.com" {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
	for name, csv := range map[string]string{
		"two addresses of a person":   "Personal Email,Work Email\na@example.com,b@example.com\n",
		"no addresses in it":          "Email opt-in,Kontakt\nyes,ada@example.com\n",
		"addresses of somebody else":  "Name,Owner email\nAda,m@example.com\n",
		"a name that is not for mail": "Kontakt,x\nada@example.com,1\n",
	} {
		if r, err := readCSV(csv, ReadOptions{}); !errors.Is(err, ErrFile) {
			t.Errorf("%s: %+v, %v; want a question", name, r, err)
		}
	}
}

func TestTitlesAboveTheHeader(t *testing.T) {
	for _, c := range []struct {
		name, csv string
		title     int
	}{
		{"a report's title", "Newsletter subscribers,,\nExported 2026-11-20,,\n,,\nEmail,Name,City\nada@example.com,Ada,London\n", 3},
		{"a title about mail", "Email list export\n\nE-Mail-Adresse;Name\nada@example.com;Ada\n", 1},
		{"one column", "Our list\nEmail\nada@example.com\n", 1},
		{"none, and a cell like a name", "Email,Channel\nada@example.com,email\n", 0},
	} {
		r, err := readCSV(c.csv, ReadOptions{})
		if err != nil || r.Title != c.title || len(r.Rows) != 1 || r.Rows[0].Recipient != "ada@example.com" {
			t.Errorf("%s: %+v, %v", c.name, r, err)
		}
	}
	// A row without an address that has a name as a cell is no header.
	if r, err := readCSV("id,kontakt,channel\n1,,email\n2,ada@example.com,email\n", ReadOptions{}); !errors.Is(err, ErrFile) {
		t.Errorf("a row was taken for the header: %+v", r)
	}
	r, err := readCSV("List of June,\nKunde,Nr\nada@example.com,1\n", ReadOptions{RecipientColumn: "kunde"})
	if err != nil || r.Title != 1 || len(r.Rows) != 1 {
		t.Errorf("a named column below a title: %+v, %v", r, err)
	}
}

func TestMarksAroundAnAddressAreFaults(t *testing.T) {
	const around, behind = "the recipient has quotation marks or brackets around the address", "the recipient has other characters behind the address"
	for cell, reason := range map[string]string{
		"'bob@example.com": around, "“bob@example.com": around, "«bob»@example.com": around, "o’brien@example.com": around, "(bob@example.com": around, "[bob]@example.com": around,
		"“bob@example.com”": behind, "bob@example.com’": behind, "bob@example.com#": behind, "bob@example.com%20": behind, "bob@example.com}": behind,
		"---": "the recipient is a placeholder, not an address", "{{email}}": "the recipient is a placeholder, not an address", "n/a": "the recipient is a placeholder, not an address", "#N/A": "the recipient is a placeholder, not an address", "NULL": "the recipient is a placeholder, not an address",
		"o'brien@example.com": "", "bob_@sub_1.example.com": "", "bob@l·l.example": "", "{}~@example.com": around,
	} {
		_, err := readCSV("recipient,x\nada@example.com,1\n"+cell+",2\nc@example.com,3\n", ReadOptions{})
		want := ""
		if reason != "" {
			want = "1 row is faulty, so nothing was registered:\n  line 3: " + reason
		}
		if got := fmt.Sprint(err); err == nil && want != "" || err != nil && got != want {
			t.Errorf("%q: %v, want %q", cell, err, want)
		}
	}
}

func TestRecipientsBesideAColumnOfAddressesAreDoubted(t *testing.T) {
	for csv, want := range map[string]string{
		"Recipient,Email\nAda Lovelace,ada@example.com\nBob,bob@example.com\n": "Email",
		"recipient,Email\nada@example.com,ada@work.example\n":                  "",
		"recipient,agent\n17,x\n18,m@example.com\n19,\n":                       "",
	} {
		r, err := readCSV(csv, ReadOptions{})
		if err != nil || r.Addresses != want || (len(r.Warnings(time.Now(), 0)) > 0) != (want != "") {
			t.Errorf("%q: %+v, %v", csv, r, err)
		}
	}
}

func TestShortRowsOfAddressesAreTaken(t *testing.T) {
	r, err := readCSV("recipient,name,city\nada@example.com\nbob@example.com,Bob\n", ReadOptions{})
	if err != nil || len(r.Rows) != 2 || r.Short != (Tally{2, 2}) {
		t.Fatalf("%+v, %v", r, err)
	}
	if diff := cmp.Diff([]string{"bob@example.com", "Bob", ""}, r.Rows[1].Cells); diff != "" {
		t.Errorf("cells (-want +got):\n%s", diff)
	}
	// The rest of a row that a line break cut is no recipient.
	_, err = readCSV("recipient,name,city\nada@example.com,Ada\nCountess,London\nbob@example.com,Bob,Bath\n", ReadOptions{})
	if err == nil || !strings.Contains(err.Error(), "line 3: the row has fewer cells than the header, and no address") {
		t.Errorf("a cut row: %v", err)
	}
}

// TestFaultyRowsCanBeLeftOut has a fault of each kind between good rows.
func TestFaultyRowsCanBeLeftOut(t *testing.T) {
	csv := "recipient,name\nada@example.com,Ada\n,Nobody\nn/a,x\nBob <bob@example.com>,Bob\nrecipient,name\nx@example.com,1,2\nADA@example.com,again\ncy@example.com,Cy\nRest\n"
	r, err := readCSV(csv, ReadOptions{SkipFaulty: true})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, row := range r.Rows {
		got = append(got, fmt.Sprint(row.Line, " ", row.Recipient))
	}
	if diff := cmp.Diff([]string{"2 ada@example.com", "9 cy@example.com"}, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	var lines []int
	for _, row := range r.Skipped {
		if lines = append(lines, row.Line); row.Reason == "" {
			t.Errorf("line %d is left out without a reason", row.Line)
		}
	}
	if diff := cmp.Diff([]int{3, 4, 5, 6, 7, 8, 10}, lines); diff != "" || r.Faulty() != 7 {
		t.Errorf("%d faulty rows; lines (-want +got):\n%s", r.Faulty(), diff)
	}
	r, err = readCSV(csv, ReadOptions{SkipFaulty: true, SkipDuplicates: true})
	if err != nil || len(r.Skipped) != 7 || r.Faulty() != 6 {
		t.Errorf("with duplicates: %+v, %v", r, err)
	}
	if _, err := readCSV("recipient\n\"a\"b\n", ReadOptions{SkipFaulty: true}); !errors.Is(err, ErrFile) {
		t.Errorf("a file of faults: %v", err)
	}
}

func TestObjectsWithinAnAnswerAreRead(t *testing.T) {
	for text, want := range map[string]int{
		`{"contacts":[{"email":"ada@example.com"},{"email":"bob@example.com"}],"total":2}`:          2,
		"{\"count\": 1, \"data\": [\n {\"email\": \"ada@example.com\", \"tags\": [{\"x\": 1}]}\n]}": 1,
		`{"email":"ada@example.com","lists":[{"email":"x@example.com"}]}`:                           1,
	} {
		r, err := readCSV(text, ReadOptions{})
		if err != nil || len(r.Rows) != want || r.Rows[0].Recipient != "ada@example.com" {
			t.Errorf("%s: %+v, %v", text, r, err)
		}
	}
	if r, err := readCSV(`{"a":[{"email":"a@example.com"}],"b":[{"email":"b@example.com"}]}`, ReadOptions{}); !errors.Is(err, ErrFile) {
		t.Errorf("one of two lists was taken: %+v", r)
	}
}
