package ingest

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"glint/edge/event"
	"glint/edge/token"
	"glint/ingest/archive/archiver"
	"glint/ingest/mention"
	"glint/ingest/objects"
	"glint/ingest/warehouse"
)

// archived waits until a lane has archived all, and returns its lines by the id of the event.
func (l *restriction) archived(t *testing.T, dir, lane string) map[event.ID]string {
	t.Helper()
	eventually(t, "the lane to be archived", func() bool { return l.metrics(t)[`glint_archive_held_records{lane="`+lane+`"}`] == 0 })
	lines := map[event.ID]string{}
	store := objects.Folder(dir)
	err := archiver.Each(t.Context(), store, func(name string) error {
		if !strings.Contains(name, "/"+lane+"-") {
			return nil
		}
		content, err := archiver.Read(t.Context(), store, name)
		if err != nil {
			return err
		}
		return archiver.EachLine(content, func(line []byte) {
			var e event.Event
			if err := e.Parse(strings.TrimSuffix(string(line), "\n")); err != nil {
				t.Errorf("%s: %v", line, err)
			}
			lines[e.ID] += string(line)
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// checkArchive checks all lines that came once less held for their messages: from an edge, a
// replay or an archive, with a token, a UUID, or the remains of a token.
func (l *restriction) checkArchive(t *testing.T, dir string) {
	t.Helper()
	live, replayed := l.archived(t, dir, "live"), l.archived(t, dir, "replay")
	for _, c := range l.cases {
		for _, when := range []string{"meanwhile", "after"} {
			l.checkLine(t, live, l.lines[when][c], c, c.want())
		}
		for _, when := range []string{"before", "archive"} {
			l.checkLine(t, replayed, l.lines[when][c], c, c.want())
		}
	}
	if len(live) == 0 || len(replayed) == 0 {
		t.Errorf("%d live lines and %d replayed ones are archived", len(live), len(replayed))
	}
}

// checkLine checks what the archive has of a line of a message of which so much may be kept.
func (l *restriction) checkLine(t *testing.T, lines map[event.ID]string, line string, c *restricted, mode warehouse.Tracking) {
	t.Helper()
	if line == "" {
		return // a message without a URL
	}
	var e event.Event
	if err := e.Parse(strings.TrimSuffix(line, "\n")); err != nil {
		t.Fatal(err)
	}
	kept := lines[e.ID]
	names := mention.Messages([]byte(kept), func(id uuid.UUID) bool { return id.String() == c.message })
	facts := strings.Contains(kept, c.name()) || strings.Contains(kept, "PERSON") || strings.Contains(kept, "192.0.2.77")
	agent := strings.Contains(kept, "Thunderbird")
	right := false
	switch c.old {
	case warehouse.LastOpen:
		mode = warehouse.LastOpen // never archived
	case warehouse.Aggregate:
		mode = warehouse.Aggregate // the URL names no message
	}
	switch mode {
	case warehouse.Identified:
		right = kept == line
	case warehouse.Pseudonymous:
		right = names && !facts && agent
	case warehouse.LastOpen, warehouse.Off:
		right = kept == ""
	case warehouse.Aggregate:
		right = !names && !facts && !agent && (c.cause == "uuid") == (kept == "")
		if kept != "" {
			var k event.Event
			err := k.Parse(strings.TrimSuffix(kept, "\n"))
			opened, openErr := testRing(t).Open(k.Token)
			right = right && err == nil && openErr == nil && opened.Mode == token.Aggregate && k.Class == "human_direct"
		}
	}
	if !right {
		t.Errorf("%s, %s then %s: the archive has %q of %s", c.cause, c.old, c.new, kept, line)
	}
}
