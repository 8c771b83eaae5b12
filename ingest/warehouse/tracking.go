package warehouse

import (
	"errors"
	"fmt"
	"strings"
)

var trackingNames = [...]string{"identified", "pseudonymous", "last_open", "aggregate", "off"}

// TrackingModes lists the names of the modes, for messages.
const TrackingModes = "identified, pseudonymous, last_open, aggregate, off"

// ErrTracking is returned for an unknown name of a mode.
var ErrTracking = errors.New("warehouse: unknown tracking mode; want one of " + TrackingModes)

// ParseTracking returns the mode of that name, or ErrTracking.
func ParseTracking(name string) (Tracking, error) {
	for i, known := range trackingNames {
		if strings.EqualFold(name, known) {
			return Tracking(i), nil
		}
	}
	return 0, ErrTracking
}

// String returns the mode's name.
func (t Tracking) String() string {
	if t < 0 || int(t) >= len(trackingNames) {
		return fmt.Sprintf("tracking %d", int8(t))
	}
	return trackingNames[t]
}
