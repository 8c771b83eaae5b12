package sends

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"glint/ingest/sheet"
)

// usualNames are the names of address columns in exports of mail programs,
// shops and CRMs, letters and digits only, the surest first.
var usualNames = []string{
	"email", "emailaddress", "mail", "emailid", "primaryemail", "subscriberemail", "contactemail", "useremail", "customeremail", "workemail",
	"email1", "email1value", "emailaddress1", "mailaddress", "toemail", "recipientemail", "recipientaddress", "address", "subscriber", "to",
	"emailadresse", "mailadresse", "adresseemail", "courriel", "correo", "correoelectronico", "indirizzoemail", "emailadres", "epost", "sahkoposti",
}

// otherMeanings are usual names with other meanings, too: a postal address, a
// person, a date.
var otherMeanings = []string{"address", "subscriber", "to", "recipientaddress"}

// qualifiedNames are usual names of one address among several that a person may
// have in the file.
var qualifiedNames = []string{"subscriberemail", "contactemail", "useremail", "customeremail", "workemail"}

// mailWords are words for electronic mail, folded as names of columns are. The
// columns of files contain them in their names in most languages: Primary Email,
// Adresse électronique, E-postadress, メールアドレス.
var mailWords = foldAll(
	"mail", "courriel", "adresse électronique", "correo", "correio", "epost", "eposta", "sähköposti", "pošta", "poczt", "epasts", "el. paštas",
	"почт", "пошта", "пошти", "ηλεκτρονικ", "メール", "电子邮", "電子郵", "邮箱", "郵箱", "信箱", "이메일", "메일", "البريد", "بريد", "אימייל", "דוא", "อีเมล", "ईमेल",
)

// otherPeople are words in names of columns with addresses of people who are
// not recipients.
var otherPeople = []string{"owner", "sender", "from", "manager", "agent", "referr", "createdby", "assigned", "replyto", "admin", "absender"}

// sampleRows is the number of rows that sample reads.
const sampleRows = 50

// guessColumn adds to the error about a missing column a suggestion: a column
// with a usual name, or else one with addresses in its cells.
func guessColumn(fault *FileError, header []string, cells sample) {
	for _, cell := range header {
		if strings.Count(cell, "@") == 1 && strings.Contains(cell[strings.Index(cell, "@"):], ".") {
			fault.Problem = "the first line has an address, so the header row seems to be missing; it must have a column recipient"
			fault.Try = "a first line that names the columns, like recipient,name"
			return
		}
	}
	at := guessByName(header)
	if at < 0 {
		at = slices.IndexFunc(cells.addresses, cells.mostly)
	}
	if at < 0 {
		fault.Try = "--recipient-column NAME, with the column that has the recipients"
		return
	}
	if name := columnName(header[at]); countNamed(header, name) > 1 {
		fault.Problem, fault.Try = twoColumns(name), "the same with one of them renamed"
		return
	}
	name := strconv.Quote(printable(strings.TrimSpace(strings.ToValidUTF8(header[at], "\ufffd"))))
	fault.Problem += fmt.Sprintf("; is it %s?", name)
	fault.Try = "--recipient-column " + name
}

func countNamed(header []string, name string) (n int) {
	for _, cell := range header {
		if columnName(cell) == name {
			n++
		}
	}
	return n
}

func guessByName(header []string) int {
	names := letterNames(header)
	for _, usual := range usualNames {
		if i := slices.Index(names, usual); i >= 0 {
			return i
		}
	}
	return -1
}

// letterNames returns the names of columns, folded.
func letterNames(header []string) []string {
	names := make([]string, len(header))
	for i, cell := range header {
		names[i] = fold(cell)
	}
	return names
}

// fold returns the letters and digits of a name, in lower case, without marks.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, norm.NFD.String(columnName(name)))
}

func foldAll(words ...string) []string {
	for i := range words {
		words[i] = fold(words[i])
	}
	return words
}

// sureColumn returns the only column whose name means the mail address, as in
// exports of Mailchimp, HubSpot, Brevo, Klaviyo and spreadsheets; "" if there
// are several or none.
func sureColumn(header []string) (name string) {
	for i, letters := range letterNames(header) {
		if hides(header, i) || !slices.Contains(usualNames, letters) || slices.Contains(otherMeanings, letters) {
			continue
		}
		if name != "" {
			return ""
		}
		name = strings.TrimSpace(header[i])
	}
	if slices.Contains(qualifiedNames, fold(name)) {
		return "" // another column may have another address of the same person
	}
	return name
}

// hides reports whether a column's name has invisible characters; the
// first name may begin with a byte order mark.
func hides(header []string, i int) bool { return i > 0 && printable(header[i]) != header[i] }

// namesMail reports whether a folded name is one of a column of recipients'
// addresses.
func namesMail(letters string) bool {
	within := func(word string) bool { return strings.Contains(letters, word) }
	return slices.ContainsFunc(mailWords, within) && !slices.ContainsFunc(otherPeople, within)
}

// likelyColumn returns the only column that has addresses in most of its cells
// and a word for mail in its name; "" if there are several or none.
func likelyColumn(header []string, cells sample) (name string) {
	for i, letters := range letterNames(header) {
		if hides(header, i) || !namesMail(letters) || !cells.mostly(cells.addresses[i]) {
			continue
		}
		if name != "" {
			return ""
		}
		name = strings.TrimSpace(header[i])
	}
	return name
}

// sample holds counts of the first rows of a table.
type sample struct {
	rows      int
	addresses []int // by column: cells with one @
}

// mostly reports whether a column with that number of addresses has them in half of its
// cells.
func (s *sample) mostly(addresses int) bool { return addresses > 0 && 2*addresses >= s.rows }

// sampleOf reads the next rows of a table.
func sampleOf(columns int, table table) sample {
	s := sample{addresses: make([]int, columns)} // also without rows
	for s.rows < sampleRows {
		row, err := table.Next()
		if errors.As(err, new(*sheet.RowError)) {
			continue
		}
		if err != nil {
			break // the end, or an error that the next reading returns
		}
		s.add(row.Cells)
	}
	return s
}

func (s *sample) add(cells []string) {
	s.rows++
	if s.addresses == nil {
		s.addresses = make([]int, len(cells))
	}
	for i, cell := range cells {
		if strings.Count(cell, "@") == 1 {
			s.addresses[i]++
		}
	}
}

// headerFinder returns a function that recognizes the header row below a title:
// it has a column of recipients by its name, no address, and more cells than the
// rows before.
func headerFinder(o *ReadOptions) func(cells []string) bool {
	widest := 0
	return func(cells []string) bool {
		filled, named, address := 0, false, false
		for i, letters := range letterNames(cells) {
			if letters != "" {
				filled++
			}
			address = address || strings.Contains(cells[i], "@")
			switch {
			case o.RecipientColumn != "":
				named = named || columnName(cells[i]) == columnName(o.RecipientColumn)
			case letters == "recipient", slices.Contains(usualNames, letters) && !slices.Contains(otherMeanings, letters):
				named = true
			default:
				named = named || len(cells) > 1 && namesMail(letters)
			}
		}
		wider := filled > widest || widest <= 1
		widest = max(widest, filled)
		return named && !address && wider
	}
}
