package audit

import (
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"glint/cli/internal/output"
	"glint/ingest/audit"
)

// write prints the result in the format that was asked for.
func (o *Options) write(r *audit.Result) error {
	switch o.Format {
	case "json":
		return writeJSON(o.App.Out, r)
	case "csv":
		for _, s := range sentences(r) {
			fmt.Fprintln(o.App.Err, output.Safe(s))
		}
		return writeCSV(o.App.Out, r)
	}
	return writeTable(o.App.Out, r)
}

// counts are the numbers of a row, in the order of columns.
func counts(r *audit.Row) []uint64 {
	return []uint64{
		r.Accepted, r.Events, r.Repeats, r.InOpens, r.Unresolved, r.BadTokens, r.DeadLetters, r.OverCap, r.Waiting, r.Missing,
	}
}

var columns = []string{
	"hour", "source", "accepted", "events", "repeats", "in_opens", "unresolved", "bad_tokens", "dead_letters", "over_cap", "waiting", "missing",
}

func writeTable(w io.Writer, r *audit.Result) error {
	var header []string
	for _, c := range columns {
		header = append(header, strings.ToUpper(strings.ReplaceAll(c, "_", " ")))
	}
	t := output.NewTable(header...)
	for i := 2; i < len(columns); i++ {
		t.AlignRight(i)
	}
	row := func(hour, source string, r *audit.Row) {
		cells := []string{hour, source}
		for _, n := range counts(r) {
			cells = append(cells, output.Count(n))
		}
		t.Row(cells...)
	}
	for i := range r.Rows {
		row(hour(&r.Rows[i]), r.Rows[i].Source, &r.Rows[i])
	}
	row("total", "", &r.Total)
	if err := t.Write(w); err != nil {
		return err
	}
	fmt.Fprintln(w)
	for _, s := range sentences(r) {
		fmt.Fprintln(w, output.Safe(s))
	}
	return nil
}

// hour is the hour of a row, in words.
func hour(r *audit.Row) string { return r.Hour.UTC().Format("2006-01-02 15:04 UTC") }

func writeCSV(w io.Writer, r *audit.Result) error {
	c := csv.NewWriter(w)
	rows := [][]string{append(slices.Clone(columns), "unexplained", "dead_letters_not_kept")}
	for i := range r.Rows {
		cells := []string{r.Rows[i].Hour.UTC().Format("2006-01-02T15:04:05Z"), plainCell(r.Rows[i].Source)}
		for _, n := range counts(&r.Rows[i]) {
			cells = append(cells, strconv.FormatUint(n, 10))
		}
		rows = append(rows, append(cells, strconv.FormatUint(r.Rows[i].Unexplained, 10), strconv.FormatUint(r.Rows[i].NotKept, 10)))
	}
	return c.WriteAll(rows)
}

// plainCell keeps a spreadsheet from taking a text for a formula
// (https://owasp.org/www-community/attacks/CSV_Injection).
func plainCell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}

// sentences say whether all is accounted for or where the difference is, from
// when on that is known, and what the live stream lost.
func sentences(r *audit.Result) []string {
	lines := differences(r)
	if r.Accounted() {
		lines = []string{allAccounted(r)}
	}
	lines = append(lines, badTokens(r)...)
	lines = append(lines, notKept(r)...)
	from := "receipts tell of what was received since " + output.Time(&r.Since)
	if !r.Until.IsZero() {
		from += " and before " + output.Time(&r.Until)
	}
	lines = append(lines, from)
	if r.Live != nil {
		lines = append(lines, live(r.Live))
	}
	return lines
}

func differences(r *audit.Result) (lines []string) {
	for i := range r.Rows {
		if row := &r.Rows[i]; row.Missing > 0 {
			lines = append(lines, fmt.Sprintf("not accounted for: %s of source %s, received in the hour %s",
				output.Plural(int(row.Missing), "event", "events"), strconv.Quote(row.Source), hour(row)))
		}
	}
	for _, x := range r.Lost {
		lines = append(lines, "not accounted for: "+records(&x)+", neither in the log nor in a receipt; see glint log verify")
	}
	for _, x := range r.WithoutReceipt {
		lines = append(lines, "not accounted for: "+records(&x)+", acknowledged and without receipt")
	}
	if n := r.ReceiptDamages; n > 0 {
		lines = append(lines, "not accounted for: what "+output.Plural(n, "damaged stretch", "damaged stretches")+" of the receipts said")
	}
	return lines
}

// notKept says of which sources dead letters were only counted.
func notKept(r *audit.Result) (lines []string) {
	sources := map[string]uint64{}
	for i := range r.Rows {
		if n := r.Rows[i].NotKept; n > 0 {
			sources[r.Rows[i].Source] += n
		}
	}
	for _, source := range slices.Sorted(maps.Keys(sources)) {
		lines = append(lines, fmt.Sprintf("not kept: %s of source %s, which had used up its room",
			output.Plural(int(sources[source]), "dead letter", "dead letters"), strconv.Quote(source)))
	}
	return lines
}

// records names neighbours in a log.
func records(r *audit.Records) string {
	if r.Count() == 1 {
		return fmt.Sprintf("record %d of lane %s", r.First, r.Lane)
	}
	return fmt.Sprintf("%s of lane %s (%d–%d)", output.Plural(int(r.Count()), "record", "records"), r.Lane, r.First, r.Last)
}

// live says what the live stream lost.
func live(s *audit.LiveStream) string {
	if s.Archived == 0 {
		return "live stream: no event of the archive was opened in the time that receipts tell of"
	}
	return fmt.Sprintf("live stream: %s of %s never arrived (%s, 95 %% interval %s … %s)",
		output.Count(s.NeverArrived), output.Plural(int(s.Archived), "archived event", "archived events"),
		percent(s.Rate), percent(s.Low), percent(s.High))
}

// percent writes a small fraction with as many digits as say something.
func percent(p float64) string {
	digits := 2
	if p < 0.001 {
		digits = 4
	}
	return strconv.FormatFloat(100*p, 'f', digits, 64) + " %"
}
