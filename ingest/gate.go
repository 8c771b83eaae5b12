package ingest

import (
	"glint/ingest/server"
	"glint/ingest/wal"
)

// The watermarks of a lane. Bodies are refused before they are read, and taken
// again only once there is clearly room, so that the answer does not flicker.
const (
	diskStopBytes   = 512 << 20 // free on the log's disk
	diskResumeBytes = 1 << 30
	backlogStop     = 0.95 // of the lane's quota
	backlogResume   = 0.80
)

// gates are the watermarks of the log's lanes.
type gates map[server.Lane][]*server.Watermark

func newGates(lanes *wal.Lanes) gates {
	g := gates{}
	for name, log := range map[server.Lane]*wal.Log{server.LaneLive: lanes.Live, server.LaneReplay: lanes.Replay} {
		quota := float64(log.Stats().MaxBytes)
		g[name] = []*server.Watermark{
			{Level: func() int64 { return diskFree(log) }, Stop: diskStopBytes, Resume: diskResumeBytes, Refusal: diskFull},
			{
				Level: func() int64 { return log.Stats().BacklogBytes },
				Stop:  int64(quota * backlogStop), Resume: int64(quota * backlogResume), Refusal: logFull,
			},
		}
	}
	return g
}

// diskFree counts an unknown disk as one with room: the append will tell.
func diskFree(log *wal.Log) int64 {
	if free := log.Stats().DiskFree; free >= 0 {
		return free
	}
	return diskResumeBytes
}

// admit says whether a lane takes a body now.
func (g gates) admit(lane server.Lane, _ string) error {
	for _, w := range g[lane] {
		if err := w.Admit(); err != nil {
			return err
		}
	}
	return nil
}
