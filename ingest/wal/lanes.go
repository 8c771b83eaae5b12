package wal

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
)

// The names of the lanes and of their directories.
const (
	LaneLive   = "live"
	LaneReplay = "replay"
	LaneSends  = "sends"
)

// LaneNames are the names of all lanes.
var LaneNames = []string{LaneLive, LaneReplay, LaneSends}

// Lanes are independent logs, so that a replay of old records neither delays live
// ones nor uses their quota: two of event lines, and Sends of registrations. Each
// has its own directory and quota.
type Lanes struct {
	Live, Replay, Sends *Log
}

// OpenLanes opens all lanes below dir. It sets Dir and Lane of the options.
func OpenLanes(dir string, live, replay, sends Options) (*Lanes, error) {
	live.Dir, live.Lane = filepath.Join(dir, LaneLive), LaneLive
	replay.Dir, replay.Lane = filepath.Join(dir, LaneReplay), LaneReplay
	sends.Dir, sends.Lane = filepath.Join(dir, LaneSends), LaneSends
	l, err := Open(live)
	if err != nil {
		return nil, fmt.Errorf("lane %s: %w", LaneLive, err)
	}
	r, err := Open(replay)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lane %s: %w", LaneReplay, err), l.Close(context.Background()))
	}
	s, err := Open(sends)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lane %s: %w", LaneSends, err), r.Close(context.Background()), l.Close(context.Background()))
	}
	return &Lanes{Live: l, Replay: r, Sends: s}, nil
}

// Lane returns the lane of that name, or nil.
func (l *Lanes) Lane(name string) *Log {
	switch name {
	case LaneLive:
		return l.Live
	case LaneReplay:
		return l.Replay
	case LaneSends:
		return l.Sends
	}
	return nil
}

// Close closes all lanes.
func (l *Lanes) Close(ctx context.Context) error {
	return errors.Join(l.Live.Close(ctx), l.Replay.Close(ctx), l.Sends.Close(ctx))
}
