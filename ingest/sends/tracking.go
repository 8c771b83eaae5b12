package sends

import (
	"errors"

	"glint/ingest/warehouse"
)

// ErrTracking is wrapped by the error of CheckTracking.
var ErrTracking = errors.New("sends: unsupported tracking mode")

// CheckTracking returns an error, which wraps ErrTracking, for a mode that edge
// and ingest do not keep yet: its messages would be measured as identified ones.
func CheckTracking(t warehouse.Tracking) error {
	if t == warehouse.Identified || t == warehouse.Off {
		return nil
	}
	return trackingError(t)
}

type trackingError warehouse.Tracking

func (e trackingError) Error() string {
	return "tracking " + warehouse.Tracking(e).String() + " is not supported yet: identified and off are"
}
func (e trackingError) Unwrap() error { return ErrTracking }
