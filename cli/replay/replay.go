// Package replay is `glint replay`: it feeds archived log files to ingest, whose
// replay lane stores them beside the live lines without delaying those.
package replay

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/logfiles"
	"glint/edge/event"
	"glint/ingest/logline"
)

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command {
	job := &logfiles.Job{App: a, Reading: asTheyAre{}, Past: "replayed", Unit: "event", NoUnit: "glint log deadletters show, or leave them out"}
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "replay FILE|DIR|s3://BUCKET/PREFIX...",
		Short: "Send archived log files to ingest again",
		Long: `Reads log files as Fastly leaves them in a bucket, plain or compressed by gzip, zstd or snappy (recognized by their content),
and posts their lines to ingest. Folders are read with all below them, in the order of names, also those of a bucket, whose
key comes from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_SHARED_CREDENTIALS_FILE; hidden and empty files are left
out; - is stdin. Lines that are stored already change no number.

It may be stopped at any moment: the same command goes on from there, and sends only what is new in files that have
grown or come since; a file is known by all of its bytes, one of a bucket by its entity tag. At the end it waits until it is known what became of the
lines, and says how many were stored, repeated, unregistered, had a bad token or are dead letters (glint log
deadletters). The exit code is 1 if a file could not be read whole or none of its lines is an event; the others are
sent all the same.`,
		Example: "  glint replay archive\n" +
			"  glint replay --dry-run archive/2026-11-21T13:00:00.000-AbCdEf.log.gz\n" +
			"  zcat archive/*.gz | glint replay -",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return app.UsageOf(cmd, errors.New("want files, folders or buckets of logs"))
			}
			return nil
		},
	}
	f := cmd.Flags()
	app.IngestFlags(cmd, &job.Ingest)
	app.PlaceFlags(cmd, &job.Bucket)
	f.BoolVar(&job.Restart, "restart", false, "send all again, also what an earlier replay has sent")
	f.BoolVar(&job.NoWait, "no-wait", false, "end when ingest has the lines on disk, before it is known what becomes of them")
	f.BoolVar(&dryRun, "dry-run", false, "only list what would be sent")
	f.DurationVar(&job.Patience, "patience", 15*time.Minute, "give up when ingest took nothing for so long")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if job.Patience <= 0 {
			return app.UsageOf(cmd, errors.New("--patience must be above zero"))
		}
		job.Paths, job.MarksDir = args, a.Home.ReplayDir()
		if dryRun {
			return job.List(cmd.Context())
		}
		return job.Run(cmd.Context())
	}
	return cmd
}

// asTheyAre sends lines as they stand in the files.
type asTheyAre struct{}

func (asTheyAre) Open(string) logfiles.Lines { return &plain{} }

func (asTheyAre) Settle(context.Context) error { return nil }

// plain is a file's lines. They are looked at until one is an event: what is none
// becomes a dead letter of ingest's.
type plain struct{ event bool }

func (*plain) Stateful() bool { return false }

func (p *plain) Next(lines []string) logfiles.Results { return &same{file: p, lines: lines} }

// same is some of them.
type same struct {
	file  *plain
	lines []string
}

func (*same) Parse() {} // a line of most files is an event, so that one is looked at

func (s *same) Append(dst []byte, _ bool) ([]byte, error) {
	line := s.lines[0]
	s.lines = s.lines[1:]
	var err error
	if !s.file.event {
		var e event.Event
		err = logline.Parse(&e, line)
		s.file.event = err == nil
	}
	return append(append(dst, line...), '\n'), err
}
