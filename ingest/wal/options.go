package wal

import (
	"log/slog"
	"time"

	"glint/ingest/host/disk"
)

// The defaults of Options.
const (
	DefaultSegmentBytes   = 128 << 20
	DefaultSegmentAge     = 10 * time.Second
	DefaultMaxRecordBytes = 256 << 20
)

// Options configure a log. Only Dir is required.
type Options struct {
	Dir  string
	Lane string // label in the segments' headers, at most 16 bytes

	SegmentBytes   int64         // size at which a segment is sealed; 0: 128 MiB; at most an eighth of MaxBytes
	SegmentAge     time.Duration // age at which a segment with records is sealed; 0: 10 s
	MaxBytes       int64         // quota for all segments; 0: none
	MaxRecordBytes int64         // limit of a body; 0: 256 MiB, at most 1 GiB
	Retain         time.Duration // time for which released segments are kept; 0: none
	MinFree        int64         // released segments are deleted early while fewer bytes are free on the disk; 0: never

	FS     disk.FS          // nil: the real one
	Now    func() time.Time // nil: time.Now
	Logger *slog.Logger     // nil: discards

	// OnSync is called after every group commit; nil: not called. It must
	// return quickly.
	OnSync func(Commit)
}

// Commit describes one group of records written and synced together.
type Commit struct {
	Records int
	Bytes   int64
	Write   time.Duration // time of the writes into the page cache
	Sync    time.Duration // onto the disk
	Err     error         // nil, or no record of the group was acknowledged
}

func (o *Options) complete() {
	if set(&o.SegmentBytes, DefaultSegmentBytes); o.MaxBytes > 0 {
		// Room is made by whole segments, so a quota is several of them.
		o.SegmentBytes = min(o.SegmentBytes, max(o.MaxBytes/8, 1))
	}
	set(&o.SegmentAge, DefaultSegmentAge)
	set(&o.MaxRecordBytes, DefaultMaxRecordBytes)
	o.MaxRecordBytes = min(o.MaxRecordBytes, 1<<30)
	if o.FS == nil {
		o.FS = disk.OS{}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.OnSync == nil {
		o.OnSync = func(Commit) {}
	}
}

func set[T ~int64](v *T, value T) {
	if *v <= 0 {
		*v = value
	}
}
