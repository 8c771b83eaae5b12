package sends

import (
	"errors"
	"fmt"
	"strings"
)

// Tracking is how much may be known of a message, the most first: a larger value
// is a narrower one. The values are those of the table sends.
type Tracking uint8

// The modes.
const (
	Identified Tracking = iota
	Pseudonymous
	LastOpen
	Aggregate
	Off // no pixel at all
)

var trackingNames = [...]string{"identified", "pseudonymous", "last_open", "aggregate", "off"}

// TrackingModes lists the modes for people.
const TrackingModes = "identified, pseudonymous, last_open, aggregate, off"

// ErrTracking is wrapped by the errors about modes.
var ErrTracking = errors.New("sends: unusable tracking mode")

// ParseTracking returns the mode of that name, or ErrTracking.
func ParseTracking(name string) (Tracking, error) {
	for i, known := range trackingNames {
		if strings.EqualFold(name, known) {
			return Tracking(i), nil
		}
	}
	return 0, fmt.Errorf("%w: want one of %s", ErrTracking, TrackingModes)
}

// String returns the mode's name.
func (t Tracking) String() string { return trackingNames[t] }

// Supported returns an error that wraps ErrTracking for a mode that edge and
// ingest do not keep yet: a pixel in it would be measured as an identified one.
func (t Tracking) Supported() error {
	if t == Identified || t == Off {
		return nil
	}
	return trackingError(t)
}

type trackingError Tracking

func (e trackingError) Error() string {
	return "tracking " + Tracking(e).String() + " is not supported yet: identified and off are"
}
func (e trackingError) Unwrap() error { return ErrTracking }
