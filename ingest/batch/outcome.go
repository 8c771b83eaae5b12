package batch

// Outcome is what became of a line; also the value of a metric's label.
type Outcome string

// The outcomes. Those from NotEvent on are reasons of dead letters.
const (
	Stored     Outcome = "stored"      // in opens
	Aggregated Outcome = "aggregated"  // one of its campaign or stratum, without a message: in aggregate_opens
	Withheld   Outcome = "withheld"    // nothing of it may be kept but that it came: in aggregate_opens without a campaign
	LastOpened Outcome = "last_open"   // of that mode: at most the recipient's date is kept, in last_opens
	Unresolved Outcome = "unresolved"  // a plain UUID that is not registered yet: in unresolved_opens
	BadToken   Outcome = "bad_token"   // not signed by a key that verifies: in bad_tokens, or beyond its cap only counted
	OverCap    Outcome = "over_cap"    // a plain UUID that is not registered, while unresolved_opens is full: not kept
	Web        Outcome = "web"         // a page view or a custom event: in web_events
	NotEvent   Outcome = "not_event"   // no JSON, a field of the wrong form, or one missing
	TooLong    Outcome = "too_long"    // longer than an event's line may be; its dead letter is cut
	BadTime    Outcome = "bad_time"    // opened_at outside the sane range
	UnknownKey Outcome = "unknown_key" // valid at the edge, by a key that is missing here
	Refused    Outcome = "refused"     // the warehouse does not take a value of it
)

// Outcomes are all of them.
var Outcomes = []Outcome{Stored, Aggregated, Withheld, LastOpened, Unresolved, BadToken, OverCap, Web, NotEvent, TooLong, BadTime, UnknownKey, Refused}

// isDeadLetter says whether such a line is kept in the dead-letter folder.
func (o Outcome) isDeadLetter() bool {
	switch o {
	case NotEvent, TooLong, BadTime, UnknownKey, Refused:
		return true
	}
	return false
}

// Result is what became of the lines of a batch.
type Result struct {
	Lines  map[Outcome]int
	Bodies []BodyResult // in the order of the bodies

	// Restored rows were inserted once more: the warehouse had noted the name of
	// their insert, but not kept them.
	Restored int
}

// BodyResult is what became of the lines of one body.
type BodyResult struct {
	Events      []uint64 // of lines that are in opens, aggregate_opens or unresolved_opens, a repeat as often as it came
	BadTokens   int
	DeadLetters int
	OverCap     int

	Repeats int             // a part of Events: in opens before; see Loader.CountRepeats
	NotKept int             // a part of DeadLetters
	Others  map[Outcome]int // lines by outcome, without those that are stored; nil: there are none
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
