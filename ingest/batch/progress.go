package batch

// Progress is how far a lane has come, as its folder says.
type Progress struct {
	LogID        string // of the log whose records it counts; "" if the lane never ran
	Acknowledged uint64 // the last record of which all before are in the warehouse, too; 0: none
}

// ReadProgress reads it from the folder of a lane, also beside the process whose
// lane it is. A folder that is not there is a lane that never ran.
func ReadProgress(dir string) (Progress, error) {
	c, err := (&manifests{dir: dir}).checkpoint()
	return Progress{c.LogID, c.Acknowledged}, err
}
