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

// Options say how a log works. Only Dir is needed.
type Options struct {
	Dir  string
	Lane string // label in the segments' headers, at most 16 bytes

	SegmentBytes   int64         // a segment of this size is sealed; 0: 128 MiB
	SegmentAge     time.Duration // so is one of this age that has records; 0: 10 s
	MaxBytes       int64         // quota of all segments; 0: none
	MaxRecordBytes int64         // of a body; 0: 256 MiB, at most 1 GiB
	Retain         time.Duration // how long released segments stay; 0: not at all
	MinFree        int64         // released segments go early while the disk has fewer bytes free; 0: never for that

	FS     disk.FS          // nil: the real one
	Now    func() time.Time // nil: time.Now
	Logger *slog.Logger     // nil: discards

	// OnSync is called after every group commit; nil: not called. It must be quick.
	OnSync func(Commit)
}

// Commit is one group of records that was written and synced together.
type Commit struct {
	Records int
	Bytes   int64
	Write   time.Duration // into the page cache
	Sync    time.Duration // onto the disk
	Err     error         // nothing of the group was acknowledged
}

func (o *Options) complete() {
	set(&o.SegmentBytes, DefaultSegmentBytes)
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
