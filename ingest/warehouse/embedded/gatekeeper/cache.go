package gatekeeper

import (
	"container/list"
	"crypto/sha256"
	"sync"
)

// cachedVerdicts is the number of statements whose syntax trees are cached.
const cachedVerdicts = 2048

// verdicts caches the results for the latest texts. It is safe for concurrent
// use.
type verdicts struct {
	mu     sync.Mutex
	found  map[[sha256.Size]byte]*list.Element
	recent list.List // of verdict, the latest first
}

type verdict struct {
	key     [sha256.Size]byte
	refused *Refusal
}

func (v *verdicts) get(key [sha256.Size]byte) (*Refusal, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	element, known := v.found[key]
	if !known {
		return nil, false
	}
	v.recent.MoveToFront(element)
	return element.Value.(verdict).refused, true
}

func (v *verdicts) put(key [sha256.Size]byte, refused *Refusal) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.found == nil {
		v.found = map[[sha256.Size]byte]*list.Element{}
	}
	if _, known := v.found[key]; known {
		return
	}
	v.found[key] = v.recent.PushFront(verdict{key, refused})
	if v.recent.Len() > cachedVerdicts {
		oldest := v.recent.Remove(v.recent.Back()).(verdict)
		delete(v.found, oldest.key)
	}
}
