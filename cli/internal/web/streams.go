package web

import "sync"

// streams counts the open live pages by session.
type streams struct {
	mu   sync.Mutex
	all  int
	each map[*session]int
}

// enter takes a slot. It returns false if all are taken.
func (s *streams) enter(who *session) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all >= maxStreams || s.each[who] >= maxStreamsEach {
		return false
	}
	if s.each == nil {
		s.each = map[*session]int{}
	}
	s.all++
	s.each[who]++
	return true
}

func (s *streams) leave(who *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all--
	if s.each[who]--; s.each[who] == 0 {
		delete(s.each, who)
	}
}
