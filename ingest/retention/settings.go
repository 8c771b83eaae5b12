// Package retention deletes data after its retention period: facts of requests,
// recipients of messages, page views, archived lines and dead letters.
//
// Numbers stay. After the period for facts, an open loses the facts by which it
// was judged; its verdict stays. After the period for its mode, a message loses
// its recipient, so that no link to a person is left; the message and its opens
// still count.
package retention

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Settings are the retention period of each kind of data.
type Settings struct {
	Identified   Period `json:"identified"`   // recipients of messages of modes identified and last_open, from registration on
	Pseudonymous Period `json:"pseudonymous"` // the same for mode pseudonymous
	Facts        Period `json:"facts"`        // addresses, user agents and other facts of requests, from receipt on
	Web          Period `json:"web"`          // page views and custom events
	Archive      Period `json:"archive"`      // archived lines
	DeadLetters  Period `json:"dead_letters"` // lines that could not be stored
}

const day = 24 * time.Hour

// Default returns the default periods. 13 months is the CNIL's limit for
// audience measurement.
func Default() Settings {
	return Settings{
		Identified: Period(390 * day), Pseudonymous: Period(90 * day), Facts: Period(90 * day),
		Web: Period(390 * day), Archive: Period(390 * day), DeadLetters: Period(90 * day),
	}
}

// Kind is one of the settings.
type Kind struct {
	Name  string // name in commands
	About string
	Of    func(*Settings) *Period
}

// Kinds lists all settings.
var Kinds = []Kind{
	{"identified", "who a message was for (modes identified, last_open)", func(s *Settings) *Period { return &s.Identified }},
	{"pseudonymous", "who a message was for (mode pseudonymous)", func(s *Settings) *Period { return &s.Pseudonymous }},
	{"facts", "addresses, user agents and other facts of requests", func(s *Settings) *Period { return &s.Facts }},
	{"web", "page views and custom events", func(s *Settings) *Period { return &s.Web }},
	{"archive", "archived lines", func(s *Settings) *Period { return &s.Archive }},
	{"dead-letters", "lines that could not be stored", func(s *Settings) *Period { return &s.DeadLetters }},
}

// Period is a retention period; 0 means forever. Its text is a number and a
// unit: s, m, h, d, mo (30 days) or y (365 days).
type Period time.Duration

const forever = "forever"

var units = []struct {
	name string
	size time.Duration
}{{"y", 365 * day}, {"mo", 30 * day}, {"d", day}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}}

var errPeriod = errors.New("want a period like 13mo, 90d, 36h or forever")

// ParsePeriod reads the text of a period.
func ParsePeriod(text string) (Period, error) {
	if text == forever {
		return 0, nil
	}
	for _, u := range []string{"mo", "y", "d", "h", "m", "s"} {
		digits, ok := strings.CutSuffix(text, u)
		n, err := strconv.ParseUint(digits, 10, 32)
		if !ok || err != nil || n == 0 {
			continue
		}
		for _, unit := range units {
			if unit.name == u && time.Duration(n) <= 200*365*day/unit.size {
				return Period(time.Duration(n) * unit.size), nil
			}
		}
	}
	return 0, errPeriod
}

func (p Period) String() string {
	if p == 0 {
		return forever
	}
	for _, u := range units {
		if time.Duration(p)%u.size == 0 {
			return fmt.Sprintf("%d%s", time.Duration(p)/u.size, u.name)
		}
	}
	return time.Duration(p).String()
}

// MarshalJSON writes the text.
func (p Period) MarshalJSON() ([]byte, error) { return json.Marshal(p.String()) }

// UnmarshalJSON reads the text.
func (p *Period) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return err
	}
	var err error
	*p, err = ParsePeriod(text)
	return err
}

// cutoff returns the time before which data is deleted; zero: none.
func (p Period) cutoff(now time.Time) time.Time {
	if p == 0 {
		return time.Time{}
	}
	return now.Add(-time.Duration(p))
}
