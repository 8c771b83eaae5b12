package batch

// Outcome is the result for one line; it is also a metric label.
type Outcome string

// The outcomes. Those from NotEvent on are reasons of dead letters.
const (
	Stored     Outcome = "stored"      // in opens
	Aggregated Outcome = "aggregated"  // counted for its campaign or stratum, without a message: in aggregate_opens
	Withheld   Outcome = "withheld"    // only its arrival may be kept: in aggregate_opens without a campaign
	LastOpened Outcome = "last_open"   // mode last_open: at most the recipient's date is kept, in last_opens
	Unresolved Outcome = "unresolved"  // a plain UUID that is not registered yet: in unresolved_opens
	BadToken   Outcome = "bad_token"   // no key verifies it: in bad_tokens, or only counted beyond the cap
	OverCap    Outcome = "over_cap"    // a plain UUID that is not registered, while unresolved_opens is full: not kept
	Web        Outcome = "web"         // a page view or a custom event: in web_events
	NotEvent   Outcome = "not_event"   // no JSON, an invalid field, or a missing one
	TooLong    Outcome = "too_long"    // longer than an event's line may be; its dead letter is truncated
	BadTime    Outcome = "bad_time"    // opened_at outside the plausible range
	UnknownKey Outcome = "unknown_key" // valid at the edge, by a key that is missing here
	Refused    Outcome = "refused"     // the warehouse refuses one of its values
)

// Outcomes lists all outcomes.
var Outcomes = []Outcome{Stored, Aggregated, Withheld, LastOpened, Unresolved, BadToken, OverCap, Web, NotEvent, TooLong, BadTime, UnknownKey, Refused}

// isDeadLetter reports whether lines of that outcome are kept in the
// dead-letter folder.
func (o Outcome) isDeadLetter() bool {
	switch o {
	case NotEvent, TooLong, BadTime, UnknownKey, Refused:
		return true
	}
	return false
}

// Result counts the outcomes of a batch's lines.
type Result struct {
	Lines  map[Outcome]int
	Bodies []BodyResult // in the order of the bodies

	// Restored counts rows that were inserted again: the warehouse had stored
	// the name of their insert, but not the rows.
	Restored int
}

// BodyResult counts the outcomes of one body's lines.
type BodyResult struct {
	Events      []uint64 // ids of lines in opens, aggregate_opens or unresolved_opens, repeats included
	BadTokens   int
	DeadLetters int
	OverCap     int

	Repeats int             // part of Events that was in opens before; see Loader.CountRepeats
	NotKept int             // part of DeadLetters
	Others  map[Outcome]int // lines by outcome, without the stored ones; nil: none
}

func (r *Result) count(body int, o Outcome, event uint64) {
	r.Lines[o]++
	b := &r.Bodies[body]
	if o != Stored {
		if b.Others == nil {
			b.Others = map[Outcome]int{}
		}
		b.Others[o]++
	}
	switch {
	case o == BadToken:
		b.BadTokens++
	case o == OverCap:
		b.OverCap++
	case o == Web, o == LastOpened: // in Others
	case o.isDeadLetter():
		b.DeadLetters++
	default:
		b.Events = append(b.Events, event)
	}
}
