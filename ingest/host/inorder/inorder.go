// Package inorder restores the order of items that finish in any order, so that
// concurrent work can be acknowledged up to one point.
package inorder

import "sync"

// Queue holds unfinished items, and finished ones behind them. The zero value
// is empty and ready. It is safe for concurrent use.
type Queue[T any] struct {
	mu    sync.Mutex
	items []*Item[T] // the oldest first
}

// Item is one item of a Queue.
type Item[T any] struct {
	Value T
	done  bool
}

// Add adds an item behind all others and returns it.
func (q *Queue[T]) Add(value T) *Item[T] {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := &Item[T]{Value: value}
	q.items = append(q.items, i)
	return i
}

// Done marks an item as done. If all items before it are done, it removes the
// done ones at the front from the queue and calls advance with them, in order,
// one call at a time. It returns the error of advance, or nil.
func (q *Queue[T]) Done(i *Item[T], advance func(done []T) error) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	i.done = true
	var done []T
	for len(q.items) > 0 && q.items[0].done {
		done = append(done, q.items[0].Value)
		q.items[0] = nil
		q.items = q.items[1:]
	}
	if len(done) == 0 {
		return nil
	}
	return advance(done)
}
