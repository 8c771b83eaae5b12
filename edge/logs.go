package main

import (
	"io"

	"github.com/fastly/compute-sdk-go/rtlog"
)

// The endpoints that each line goes to: opens posts to ingest, opens_archive
// keeps files to replay what ingest missed.
var endpointNames = [...]string{"opens", "opens_archive"}

// logs are the log endpoints. One which the service does not have takes the
// line and drops it: the platform reports no difference.
type logs []io.Writer

func openLogs() logs {
	l := make(logs, 0, len(endpointNames))
	for _, name := range endpointNames {
		l = append(l, rtlog.Open(name))
	}
	return l
}

// write gives each endpoint the line in one call, since each call is one event
// of its log. A passing line goes to the first one only: it must not be archived.
func (l logs) write(line []byte, passing bool) {
	if passing {
		l = l[:1]
	}
	for _, w := range l {
		_, _ = w.Write(line) // the platform reports no delivery; the image has been sent
	}
}
