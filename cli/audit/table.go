package audit

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"

	"glint/cli/internal/output"
	"glint/ingest/audit"
)

// onlyPrograms are the columns that the table omits, since the sentences below it give them.
var onlyPrograms = []string{"unexplained", "dead_letters_not_kept"}

// write prints the result in the requested format.
func (o *Options) write(r *audit.Result, compared []Mirror, repaired []Repaired) error {
	switch o.Format {
	case "json":
		return output.WriteJSON(o.App.Out, struct {
			Accounted bool `json:"accounted"`
			*audit.Result
			Mirrors  []Mirror   `json:"mirrors"`
			Repaired []Repaired `json:"repaired"` // null: without --repair
		}{r.Accounted(), r, compared, repaired})
	case "csv":
		o.writeRepaired(o.App.Err, repaired)
		writeSentences(o.App.Err, r)
		writeMirrors(o.App.Err, compared)
		return output.WriteRows(o.App.Out, o.Format, r.Rows)
	}
	left := onlyPrograms
	if len(r.Nodes) < 2 {
		left = append(slices.Clone(left), "node")
	}
	t := output.TableOf(append(slices.Clone(r.Rows), audit.Row{Counts: r.Total}), left...).Total("total")
	if err := t.Write(o.App.Out); err != nil {
		return err
	}
	fmt.Fprintln(o.App.Out)
	o.writeRepaired(o.App.Out, repaired)
	writeSentences(o.App.Out, r)
	writeMirrors(o.App.Out, compared)
	return nil
}

func writeSentences(w io.Writer, r *audit.Result) {
	for _, s := range sentences(r) {
		fmt.Fprintln(w, output.Safe(s))
	}
}

// hour returns the hour of a row as text, in UTC.
func hour(r *audit.Row) string { return r.Hour.UTC().Format("2006-01-02 15:04 UTC") }

// sentences returns the lines below the table: whether every event is accounted for, each
// difference, the time from which receipts are complete, and the loss of the live stream.
func sentences(r *audit.Result) []string {
	lines := differences(r)
	if r.Accounted() {
		lines = []string{allAccounted(r)}
	}
	lines = append(lines, badTokens(r)...)
	lines = append(lines, notKept(r)...)
	lines = append(lines, spans(r)...)
	if r.Live != nil {
		lines = append(lines, live(r.Live))
	}
	if r.Archived != nil {
		lines = append(lines, archived(r.Archived)...)
	}
	return lines
}

// spans returns a line for each node: the period in which its receipts are complete.
func spans(r *audit.Result) (lines []string) {
	until := ""
	if r.Until != nil {
		until = " and before " + output.Time(r.Until)
	}
	for _, n := range r.Nodes {
		lines = append(lines, "receipts"+ofNode(n.Node)+" cover lines received since "+output.Time(&n.Since)+until)
	}
	return lines
}

func differences(r *audit.Result) (lines []string) {
	for i := range r.Rows {
		if row := &r.Rows[i]; row.Missing > 0 {
			lines = append(lines, fmt.Sprintf("not accounted for: %s of source %s%s, received in the hour %s",
				output.Plural(int(row.Missing), "event", "events"), strconv.Quote(row.Source), ofNode(row.Node), hour(row)))
		}
	}
	for _, x := range r.Lost {
		lines = append(lines, "not accounted for: "+records(&x)+", neither in the log nor in a receipt; see glint log verify")
	}
	for _, x := range r.WithoutReceipt {
		lines = append(lines, "not accounted for: "+records(&x)+", acknowledged and without receipt")
	}
	if n := r.ReceiptDamages; n > 0 {
		lines = append(lines, "not accounted for: the content of "+output.Plural(n, "damaged stretch", "damaged stretches")+" of the receipts")
	}
	return lines
}

// notKept returns a line for each source with dead letters that were counted but not kept.
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

// records returns the lane and sequence numbers of consecutive records as text.
func records(r *audit.Records) string {
	if r.Count() == 1 {
		return fmt.Sprintf("record %d of lane %s%s", r.First, r.Lane, ofNode(r.Node))
	}
	return fmt.Sprintf("%s of lane %s%s (%d–%d)", output.Plural(int(r.Count()), "record", "records"), r.Lane, ofNode(r.Node), r.First, r.Last)
}

// live returns the sentence about the loss of the live stream.
func live(s *audit.LiveStream) string {
	if s.Archived == 0 {
		return "live stream: no event of the archive was opened in the time that receipts cover"
	}
	return fmt.Sprintf("live stream: %s of %s never arrived (%s, 95 %% interval %s … %s)",
		output.Count(s.NeverArrived), output.Plural(int(s.Archived), "archived event", "archived events"),
		percent(*s.Rate), percent(*s.Low), percent(*s.High))
}

// archived returns the lines about events of the archive that are in no table.
func archived(a *audit.Archived) (lines []string) {
	if a.Absent == 0 {
		return []string{"archive: the event of each of its " + output.Plural(int(a.Lines), "line", "lines") + " that should be stored is in a table"}
	}
	for _, h := range a.Hours {
		lines = append(lines, fmt.Sprintf("archive: %s in no table, of the hour %s; glint replay brings them in",
			output.Plural(int(h.Absent), "event is", "events are"), h.Hour.UTC().Format("2006-01-02 15:04 UTC")))
	}
	return lines
}

// percent formats a small fraction with its significant digits.
func percent(p float64) string {
	digits := 2
	if p < 0.001 {
		digits = 4
	}
	return strconv.FormatFloat(100*p, 'f', digits, 64) + " %"
}
