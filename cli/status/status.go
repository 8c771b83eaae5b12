// Package status is `glint status`: it shows the state of the running glint.
package status

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/home"
	"glint/cli/internal/output"
	"glint/ingest"
	"glint/ingest/wal"
)

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show the state of the running glint; exit code 3 if something is missing",
		Long: "Shows the answer of ingest's GET /v1/status: the addresses of the running glint, what is missing, the certificates that\n" +
			"its pixel obtained itself, the backlog of its log, the disk, the keys and the ages of the network lists. It changes\n" +
			"nothing.",
		Example: "  glint status\n  glint status --format json",
		Args:    app.NoArgs,
	}
	format := app.ChoiceFlag(cmd, "format", "output format", "table", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		state, err := a.Running()
		if err != nil {
			return err
		}
		s, err := app.Status(cmd.Context(), state.Ingest)
		if err != nil {
			return app.Try(err, "glint log inspect, which needs no answer; or curl -k "+state.Ingest+"/v1/status")
		}
		if format.String() == "json" {
			err = output.WriteJSON(a.Out, s)
		} else {
			err = write(a.Out, &state, s, time.Now())
		}
		if err == nil && len(s.Missing) > 0 {
			return app.Problem(fmt.Errorf("not ready: %s", s.Missing[0].Text), s.Missing[0].Hint)
		}
		return err
	}
	return cmd
}

func write(w io.Writer, state *home.State, s *ingest.Status, now time.Time) error {
	t := output.NewTable("WHAT", "STATE", "SINCE OR WHERE")
	warehouse := "a ClickHouse of yours"
	if s.Warehouse.Embedded {
		warehouse = cmp.Or(s.Warehouse.URL, "not started yet")
	}
	last := "no line in this run"
	if s.LastReceivedAt != nil {
		last = ago(now, *s.LastReceivedAt)
	}
	t.Row("glint", s.Version, ago(now, s.StartedAt))
	t.Row("ingest", "answers", state.Ingest)
	if state.Pixel != "" {
		t.Row("pixel", "answers", state.Pixel)
	}
	for _, c := range s.Certificates {
		t.Row(certificateRow(&c, now)...)
	}
	if state.Web != "" {
		t.Row("pages", "glint web", state.Web)
	}
	t.Row("warehouse", s.Warehouse.State, warehouse+", "+ago(now, s.Warehouse.Since))
	for _, l := range s.Warehouse.Late {
		name, since := "shard "+strconv.Itoa(l.Shard), "does not answer; its opens wait in the log"
		if l.Shard == 0 {
			name = "replica"
		}
		if l.State == "behind" {
			since = span(time.Duration(l.BehindSeconds*float64(time.Second))) + "; reports may lack its latest opens"
		}
		t.Row(name, l.State, since)
	}
	t.Row("last line", last, "")
	for _, l := range s.Lanes {
		refusing := l.Refusing
		if refusing == "" {
			refusing = "takes lines"
			if l.Lane == wal.LaneSends {
				refusing = "takes posts"
			}
		}
		t.Row("log, "+l.Lane, refusing, fmt.Sprintf("%s waiting, %s of %s", output.Plural(int(l.BacklogRecords), "record", "records"), size(l.BacklogBytes), size(l.LimitBytes)))
	}
	if s.Disk.FreeBytes >= 0 {
		t.Row("disk", size(s.Disk.FreeBytes)+" free", "of "+size(s.Disk.TotalBytes))
	}
	for _, m := range s.Mirrors {
		state, why := "follows", ""
		if m.Problem != "" {
			state, why = "waits", "; "+m.Problem
		}
		t.Row("mirror "+m.Mirror, state, output.Plural(int(m.BehindRecords), "record", "records")+" behind the warehouse"+why)
	}
	if h := s.Webhook; h != nil {
		took := h.Host
		if h.LastDeliveredAt != nil {
			took += ", took an event " + ago(now, *h.LastDeliveredAt)
		}
		t.Row("webhook", h.State, fmt.Sprintf("%s; %s waiting", took, output.Plural(h.PendingEvents, "event", "events")))
	}
	for _, k := range s.Keys {
		t.Row("key "+strconv.Itoa(int(k.ID)), k.State, k.Fingerprint)
	}
	if p := s.KeysProblem; p != nil {
		t.Row("keys file", "refused", p.Text)
	}
	for _, l := range s.Lists {
		t.Row("list "+l.List, "taken", ago(now, l.TakenAt))
	}
	return t.Write(w)
}

// certificateRow returns the table row of a certificate with its expiry.
func certificateRow(c *ingest.CertificateStatus, now time.Time) []string {
	state, rest := "missing", "being got"
	if c.EndsAt != nil {
		state, rest = "valid", fmt.Sprintf("until %s, %s", c.EndsAt.Format(time.DateOnly), left(now, *c.EndsAt))
		if !now.Before(*c.EndsAt) {
			state, rest = "ended", ago(now, *c.EndsAt)
		}
	}
	if c.Problem != "" {
		rest += "; " + c.Problem
		if c.NextTryAt != nil {
			rest += "; next try " + left(now, *c.NextTryAt)
		}
	}
	return []string{"certificate " + c.Domain, state, rest}
}

func left(now, at time.Time) string { return "in " + span(at.Sub(now)) }

func ago(now, at time.Time) string { return span(now.Sub(at)) + " ago" }

func span(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d >= 2*day:
		return strconv.Itoa(int(d/day)) + " days"
	case d >= 2*time.Hour:
		return strconv.Itoa(int(d/time.Hour)) + " h"
	default:
		return output.Duration(max(d, 0))
	}
}

func size(bytes int64) string {
	const unit = 1024
	names := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}
	n, i := float64(bytes), 0
	for n >= unit && i < len(names)-1 {
		n, i = n/unit, i+1
	}
	if i == 0 {
		return strconv.FormatInt(bytes, 10) + " B"
	}
	return strconv.FormatFloat(n, 'f', 1, 64) + " " + names[i]
}
