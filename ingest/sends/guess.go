package sends

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"glint/ingest/sheet"
)

// usualNames are the names of address columns in exports of mail programs,
// shops and CRMs, letters and digits only, the surest first.
var usualNames = []string{
	"email", "emailaddress", "mail", "emailid", "primaryemail", "subscriberemail", "contactemail", "useremail", "customeremail", "workemail",
	"email1", "email1value", "emailaddress1", "mailaddress", "toemail", "recipientemail", "recipientaddress", "address", "subscriber", "to",
	"emailadresse", "mailadresse", "adresseemail", "courriel", "correo", "correoelectronico", "indirizzoemail", "emailadres", "epost", "sahkoposti",
}

// sampleRows is the number of rows that guessColumn reads.
const sampleRows = 50

// guessColumn adds to the error about a missing column a suggestion: a column
// with a usual name, or else one with addresses in its cells.
func guessColumn(fault *FileError, header []string, rows table) {
	for _, cell := range header {
		if strings.Count(cell, "@") == 1 && strings.Contains(cell[strings.Index(cell, "@"):], ".") {
			fault.Problem = "the first line has an address, so the header row seems to be missing; it must have a column recipient"
			return
		}
	}
	at := guessByName(header)
	if at < 0 {
		at = guessByCells(len(header), rows)
	}
	if at < 0 {
		fault.Try = "--recipient-column NAME, with the column that has the recipients"
		return
	}
	name := strconv.Quote(printable(strings.TrimSpace(strings.ToValidUTF8(header[at], "\ufffd"))))
	fault.Problem += fmt.Sprintf("; is it %s?", name)
	fault.Try = "--recipient-column " + name
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

// letterNames returns the names of columns, letters and digits only.
func letterNames(header []string) []string {
	names := make([]string, len(header))
	for i, cell := range header {
		names[i] = strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				return r
			}
			return -1
		}, strings.NewReplacer("ó", "o", "ä", "a", "ö", "o").Replace(columnName(cell)))
	}
	return names
}

// otherMeanings are usual names with other meanings, too: a postal address, a
// person, a date.
var otherMeanings = []string{"address", "subscriber", "to", "recipientaddress"}

// sureColumn returns the only column whose name means mail addresses, as in
// exports of Mailchimp, HubSpot, Brevo, Klaviyo and spreadsheets; "" if there
// are several or none.
func sureColumn(header []string) (name string) {
	for i, letters := range letterNames(header) {
		hides := printable(header[i]) != header[i] && i > 0 // the first may begin with a byte order mark
		if hides || !slices.Contains(usualNames, letters) || slices.Contains(otherMeanings, letters) {
			continue
		}
		if name != "" {
			return ""
		}
		name = strings.TrimSpace(header[i])
	}
	return name
}

// guessByCells returns the first column with an address in half of the next rows.
func guessByCells(columns int, table table) int {
	found, rows := make([]int, columns), 0
	for rows < sampleRows {
		row, err := table.Next()
		if errors.As(err, new(*sheet.RowError)) {
			continue
		}
		if err != nil {
			break // the end, or an error that the next read returns
		}
		rows++
		for i, cell := range row.Cells {
			if strings.Count(cell, "@") == 1 {
				found[i]++
			}
		}
	}
	return slices.IndexFunc(found, func(n int) bool { return n > 0 && 2*n >= rows })
}
