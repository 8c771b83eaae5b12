package ingest

import (
	"errors"
	"math"
	"slices"

	"glint/ingest/receiver"
	"glint/ingest/wal"
	"glint/ingest/wal/disk"
)

// The watermarks of a lane. Bodies are refused before they are read, and taken
// again only once there is clearly room, so that the answer does not flicker.
const (
	backlogStop   = 0.95 // of the lane's quota
	backlogResume = 0.80
)

// marks are those of the log's disk, in free bytes.
type marks struct{ stop, resume int64 }

// marksOf keeps a part of the disk free for what works the backlog off: the
// lanes' small files, and often the warehouse. On a large disk 512 MiB do; of a
// small one it is 5 %, as file systems reserve (mke2fs(8), -m).
func marksOf(diskBytes int64) marks {
	m := marks{512 << 20, 1 << 30}
	if diskBytes > 0 {
		m.stop, m.resume = min(m.stop, diskBytes/20), min(m.resume, diskBytes/10)
	}
	return m
}

// logMarks are the marks of the disk that a folder is, or will be, on.
func logMarks(dir string) (marks, error) {
	fsys := disk.OS{}
	if err := fsys.MkdirAll(dir); err != nil {
		return marks{}, err
	}
	_, total, err := fsys.Space(dir)
	if err != nil {
		return marks{}, err
	}
	return marksOf(total), nil
}

// gate decides what a lane takes.
type gate struct {
	log        *wal.Log
	watermarks []*receiver.Watermark
	shares     *shares
}

// gates are those of the log's lanes.
type gates map[receiver.Lane]*gate

// newGates returns the gates before lanes. Labels are those of the tokens that
// may post now; pixel says that the standalone pixel writes to the live lane.
func newGates(lanes *wal.Lanes, m marks, labels func() []string, pixel bool) gates {
	live := labels
	if pixel {
		live = func() []string { return slices.Concat(labels(), []string{pixelLabel}) }
	}
	return gates{
		receiver.LaneLive:   newGate(lanes.Live, m, live),
		receiver.LaneReplay: newGate(lanes.Replay, m, labels),
	}
}

func newGate(log *wal.Log, m marks, sources func() []string) *gate {
	quota := float64(log.Stats().MaxBytes)
	return &gate{
		log: log,
		watermarks: []*receiver.Watermark{
			{Level: func() int64 { return diskFree(log) }, Stop: m.stop, Resume: m.resume, Refusal: diskFull},
			{
				Level: func() int64 { _, all := log.Backlog(""); return all },
				Stop:  int64(quota * backlogStop), Resume: int64(quota * backlogResume), Refusal: logFull,
			},
		},
		shares: &shares{
			backlog: log.Backlog,
			room:    func() int64 { return int64(float64(roomOf(log.Stats(), m)) * backlogStop) },
			sources: sources, closed: map[string]bool{},
		},
	}
}

// diskFree counts an unknown disk as one with room: the append will tell.
func diskFree(log *wal.Log) int64 {
	if free := log.Stats().DiskFree; free >= 0 {
		return free
	}
	return math.MaxInt64
}

// roomOf is how many bytes a lane can hold: its quota, or what its disk has
// room for if that is less.
func roomOf(s wal.Stats, m marks) int64 {
	if s.DiskFree < 0 {
		return s.MaxBytes
	}
	return min(s.MaxBytes, s.Bytes+max(s.DiskFree-m.stop, 0))
}

// refusal returns the answer that every source gets now, nil while bodies are taken.
func (g *gate) refusal() *receiver.Refusal {
	for _, w := range g.watermarks {
		if r, ok := errors.AsType[*receiver.Refusal](w.Admit()); ok {
			return r
		}
	}
	return nil
}

// admit says whether a lane takes a body of that source now.
func (g gates) admit(lane receiver.Lane, source string) error {
	gate := g[lane]
	for _, w := range gate.watermarks {
		if err := w.Admit(); err != nil {
			return err
		}
	}
	return gate.shares.admit(source)
}
