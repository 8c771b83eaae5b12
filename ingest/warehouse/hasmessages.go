package warehouse

import (
	"context"
	"fmt"
)

// HasMessages reports whether a message was ever registered.
func (w *Warehouse) HasMessages(ctx context.Context) (bool, error) {
	var n uint64
	if err := w.ask(ctx, "has_messages", nil, &n); err != nil {
		return false, fmt.Errorf("look for messages: %w", err)
	}
	return n > 0, nil
}
