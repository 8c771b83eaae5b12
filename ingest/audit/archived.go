package audit

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"glint/edge/event"
	"glint/edge/token"
	"glint/ingest/archive"
	"glint/ingest/archive/archiver"
)

// Archived counts the events of an archive that are in no table, whichever ingest
// accepted them: undelivered events of an ingest that was lost with its disk, or events
// that the live stream lost and no replay has inserted since. It omits events whose rows
// have no key: those with a bad token, of the mode last_open, and of the web pixel.
//
// The json tags are a contract: cli/JSON.md.
type Archived struct {
	Lines  uint64         `json:"lines"`  // of events that a table should have
	Absent uint64         `json:"absent"` // distinct events among them that no table has
	Hours  []ArchivedHour `json:"hours"`  // with absent events
}

// ArchivedHour counts the absent events of one hour.
type ArchivedHour struct {
	Hour   time.Time `json:"hour"`   // of receipt if the file's name has it, or else of the open
	Absent uint64    `json:"absent"` // distinct events
}

// archived looks up all events of the archive in the tables.
func (o *Options) archived(ctx context.Context) (*Archived, error) {
	result, absent := &Archived{Hours: []ArchivedHour{}}, map[uint64]time.Time{}
	hours := map[uint64]time.Time{} // of the events of the next query
	ask := func() error {
		events := make([]uint64, 0, len(hours))
		for event := range hours {
			events = append(events, event)
		}
		// In this order: an event that is moved between the two is in opens.
		unresolved, err := o.Warehouse.UnresolvedEvents(ctx, events)
		if err != nil {
			return err
		}
		missing, err := o.Warehouse.MissingOpens(ctx, events)
		if err != nil {
			return err
		}
		for _, event := range without(missing, unresolved) {
			absent[event] = hours[event]
		}
		clear(hours)
		return nil
	}
	for i := range o.Archive {
		hour, named := archiver.HourOf(o.Archive[i].Path)
		err := archive.EachLine(ctx, &o.Archive[i], nil, func(line []byte) error {
			key, opened, ok := storedKey(o.Ring, string(line))
			if !ok {
				return nil
			}
			if !named {
				hour = opened.UTC().Truncate(time.Hour)
			}
			hours[key] = hour
			if result.Lines++; len(hours) < maxAsked {
				return nil
			}
			return ask()
		})
		if err != nil {
			return nil, err
		}
	}
	if err := ask(); err != nil {
		return nil, fmt.Errorf("look for the archive's events: %w", err)
	}
	counts := map[time.Time]uint64{}
	for _, hour := range absent {
		counts[hour]++
	}
	for hour, n := range counts {
		result.Hours = append(result.Hours, ArchivedHour{hour, n})
	}
	slices.SortFunc(result.Hours, func(x, y ArchivedHour) int { return cmp.Compare(x.Hour.Unix(), y.Hour.Unix()) })
	result.Absent = uint64(len(absent))
	return result, nil
}

// storedKey returns the key of a line's event; ok is false if no row of a table must have it.
func storedKey(ring *token.Ring, line string) (key uint64, opened time.Time, ok bool) {
	e, t, ok := readToken(ring, line)
	ok = ok && t.Mode != token.LastOpen && e.Kind != event.KindView && e.Kind != event.KindEvent
	return e.ID.Key(), e.OpenedAt, ok
}
