package main

import (
	"io"

	"github.com/fastly/compute-sdk-go/rtlog"
)

// Each line goes to these endpoints: opens posts to ingest, and opens_archive
// keeps files for replaying the lines that ingest missed.
var endpointNames = [...]string{"opens", "opens_archive"}

// logs are the log endpoints. An endpoint that the service does not have
// accepts and drops lines: the platform reports no difference.
type logs []io.Writer

func openLogs() logs {
	l := make(logs, 0, len(endpointNames))
	for _, name := range endpointNames {
		l = append(l, rtlog.Open(name))
	}
	return l
}

// write sends the line to each endpoint in one call, since each call is one log
// event. A passing line must not be archived, so only the first endpoint gets
// it.
func (l logs) write(line []byte, passing bool) {
	if passing {
		l = l[:1]
	}
	for _, w := range l {
		_, _ = w.Write(line) // the platform does not report delivery, and the image has been sent
	}
}
