package imports

import (
	"glint/ingest/cdnlog"
	"glint/ingest/networks"
)

// newReading reads lines where no list of networks is there.
func newReading(format cdnlog.Format) *reading {
	return &reading{
		options: &options{format: format}, book: func() *networks.Book { return &networks.Book{} }, faults: map[error]*fault{},
	}
}
