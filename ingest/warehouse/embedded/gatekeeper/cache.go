package gatekeeper

import (
	"container/list"
	"crypto/sha256"
	"sync"
)

// cachedVerdicts bounds the statements whose syntax trees are remembered.
const cachedVerdicts = 2048

// verdicts remembers what was found for the texts asked about last. Safe for
// concurrent use.
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
