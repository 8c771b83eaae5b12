// Package replay is `glint replay`: it posts archived log files to ingest, whose
// replay lane stores them without delaying live lines.
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
		Long: `Reads log files as Fastly writes them to a bucket, plain or compressed by gzip, zstd or snappy (detected by content), and
posts their lines to ingest. Folders are read recursively in order of names, also in a bucket, whose key comes from
AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_SHARED_CREDENTIALS_FILE. Hidden and empty files are skipped; - is
stdin. Lines that are already stored change no number.

The command can be interrupted at any time; run it again to continue. It sends only new files, and the new part of files
that have grown; it identifies a file by all of its bytes, an object of a bucket by its entity tag. At the end it waits for
the outcome of the lines, and prints how many were stored, repeated, unregistered, had a bad token or became dead letters
(glint log deadletters). The exit code is 1 if a file could not be read completely or none of its lines is an event; the
other files are sent all the same.`,
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
	f.BoolVar(&job.Restart, "restart", false, "send everything again, also lines that an earlier replay has sent")
	f.BoolVar(&job.NoWait, "no-wait", false, "end when ingest has the lines on disk, without waiting for their outcome")
	f.BoolVar(&dryRun, "dry-run", false, "list what would be sent, and send nothing")
	f.DurationVar(&job.Patience, "patience", 15*time.Minute, "give up if ingest has accepted nothing for this long")
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

// asTheyAre sends the lines of the files unchanged.
type asTheyAre struct{}

func (asTheyAre) Open(string) logfiles.Lines { return &plain{} }

func (asTheyAre) Settle(context.Context) error { return nil }

// plain reads a file's lines. It checks them until one is an event; ingest makes a dead letter
// of a line that is no event.
type plain struct{ event bool }

func (*plain) Stateful() bool { return false }

func (p *plain) Next(lines []string) logfiles.Results { return &same{file: p, lines: lines} }

// same is a run of unchanged lines.
type same struct {
	file  *plain
	lines []string
}

func (*same) Parse() {} // nothing to do: in most files the first line is an event, so Append checks few lines

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
