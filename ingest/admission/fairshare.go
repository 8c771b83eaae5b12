package admission

import (
	"net/http"
	"sync"
	"time"

	"glint/ingest/admission/fairshare"
	"glint/ingest/receiver"
)

// SourceFull is the refusal of a source that has used up its share of a lane
// while other sources go on.
var SourceFull = &receiver.Refusal{
	Status: http.StatusTooManyRequests, Reason: "source_full",
	Message:    "this source's share of the log is used up until the warehouse has caught up; send the lines again",
	RetryAfter: 10 * time.Second,
}

// fairShare caps how much of a lane's backlog one source may hold. Capacity C is
// the lane's quota, or the room on its disk if that is less. Below C/2 every
// source is admitted. From C/2 on, a source whose own backlog is at least C/2/n
// (n = sources with a token) gets SourceFull, until its own backlog is at most
// 80 % of that, or the lane's is at most 80 % of C/2. It is safe for concurrent
// use.
type fairShare struct {
	backlog  func(source string) (own, all int64) // bytes
	capacity func() int64                         // bytes
	sources  func() []string                      // with a token now; a label may occur twice

	mu      sync.Mutex
	refused map[string]bool
}

// shareResume is the part of a limit at which a source is admitted again.
const shareResume = 0.8

// admit returns SourceFull while the source has to wait. A source without a
// token counts as one of n too.
func (s *fairShare) admit(source string) error {
	limits, ok := fairshare.Of(s.capacity(), len(fairshare.Sources(s.sources(), []string{source})))
	if !ok {
		return nil
	}
	own, all := s.backlog(source)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case all >= limits.Free && own >= limits.Own:
		s.refused[source] = true
	case float64(all) <= float64(limits.Free)*shareResume || float64(own) <= float64(limits.Own)*shareResume:
		delete(s.refused, source)
	}
	if s.refused[source] {
		return SourceFull
	}
	return nil
}
