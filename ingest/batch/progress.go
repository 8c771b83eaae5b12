package batch

// Progress is the last record up to which a lane is in the warehouse, according to its
// folder.
type Progress struct {
	LogID        string // log to which the record belongs; "" if the lane never ran
	Acknowledged uint64 // all records up to this one are in the warehouse; 0: none
}

// ReadProgress reads the progress from a lane's folder, also while another
// process uses the lane. A missing folder means that the lane never ran.
func ReadProgress(dir string) (Progress, error) {
	c, err := (&manifests{dir: dir}).checkpoint()
	return Progress{c.LogID, c.Acknowledged}, err
}
