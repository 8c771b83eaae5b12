package audit

import (
	"io"
	"time"

	"glint/cli/internal/output"
	"glint/ingest/audit"
)

// document is the JSON form: a contract, described in cli/JSON.md.
type document struct {
	Accounted      bool            `json:"accounted"`
	Since          time.Time       `json:"since"`
	Until          *time.Time      `json:"until"`
	Rows           []rowDocument   `json:"rows"`
	Total          countsDocument  `json:"total"`
	LostRecords    []recordsObject `json:"lost_records"`
	WithoutReceipt []recordsObject `json:"records_without_receipt"`
	ReceiptDamages int             `json:"receipt_damages"`
	LiveStream     *liveDocument   `json:"live_stream"`

	BadTokens []badTokenDocument `json:"bad_tokens_kept"`
}

type rowDocument struct {
	Hour   time.Time `json:"hour"`
	Source string    `json:"source"`
	countsDocument
}

type countsDocument struct {
	Accepted    uint64 `json:"accepted"`
	Events      uint64 `json:"events"`
	Repeats     uint64 `json:"repeats"`
	InOpens     uint64 `json:"in_opens"`
	Unresolved  uint64 `json:"unresolved"`
	BadTokens   uint64 `json:"bad_tokens"`
	DeadLetters uint64 `json:"dead_letters"`
	OverCap     uint64 `json:"over_cap"`
	Waiting     uint64 `json:"waiting"`
	Missing     uint64 `json:"missing"`
	Unexplained uint64 `json:"unexplained"`
	NotKept     uint64 `json:"dead_letters_not_kept"`
}

type recordsObject struct {
	Lane        string `json:"lane"`
	LogID       string `json:"log_id"`
	FirstRecord uint64 `json:"first_record"`
	LastRecord  uint64 `json:"last_record"`
}

type liveDocument struct {
	Since         time.Time `json:"since"`
	Until         time.Time `json:"until"`
	Archived      uint64    `json:"archived"`
	NeverArrived  uint64    `json:"never_arrived"`
	LossRate      *float64  `json:"loss_rate"`
	CILow         *float64  `json:"ci_low"`
	CIHigh        *float64  `json:"ci_high"`
	OtherTime     uint64    `json:"other_time"`
	NotComparable uint64    `json:"not_comparable"`
}

func writeJSON(w io.Writer, r *audit.Result) error {
	d := document{
		Accounted: r.Accounted(), Since: millis(r.Since), Rows: []rowDocument{}, Total: countsOf(&r.Total),
		LostRecords: recordsOf(r.Lost), WithoutReceipt: recordsOf(r.WithoutReceipt), ReceiptDamages: r.ReceiptDamages,
		BadTokens: badTokensOf(r),
	}
	if !r.Until.IsZero() {
		until := millis(r.Until)
		d.Until = &until
	}
	for i := range r.Rows {
		d.Rows = append(d.Rows, rowDocument{r.Rows[i].Hour.UTC(), r.Rows[i].Source, countsOf(&r.Rows[i])})
	}
	if s := r.Live; s != nil {
		d.LiveStream = &liveDocument{
			Since: millis(s.Since), Until: millis(s.Until), Archived: s.Archived, NeverArrived: s.NeverArrived,
			OtherTime: s.OtherTime, NotComparable: s.NotComparable,
		}
		if s.Archived > 0 {
			d.LiveStream.LossRate, d.LiveStream.CILow, d.LiveStream.CIHigh = &s.Rate, &s.Low, &s.High
		}
	}
	e := output.NewJSON(w)
	e.SetIndent("", "  ")
	return e.Encode(d)
}

func millis(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

func countsOf(r *audit.Row) countsDocument {
	return countsDocument{
		r.Accepted, r.Events, r.Repeats, r.InOpens, r.Unresolved, r.BadTokens, r.DeadLetters, r.OverCap, r.Waiting, r.Missing, r.Unexplained, r.NotKept,
	}
}

func recordsOf(list []audit.Records) []recordsObject {
	objects := []recordsObject{}
	for _, r := range list {
		objects = append(objects, recordsObject{r.Lane, r.LogID, r.First, r.Last})
	}
	return objects
}
