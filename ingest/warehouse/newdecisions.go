package warehouse

import (
	"context"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// NewDecisions is a part of the ledger of choices: the rows after the known ones.
type NewDecisions struct {
	Ledger uint64            // number of rows of the whole ledger
	Rows   uint64            // number of rows of the part, of all purposes
	Ends   map[string]uint64 // their last sequence, by node
	of     []byte            // records of those of the purpose
}

// Each calls visit with each decision for the purpose. An older one may follow a later
// one.
func (n *NewDecisions) Each(visit func(RecipientKey, Decision)) { eachDecision(n.of, visit) }

// DecisionsAfter reads what was recorded after the known ends of the nodes' chains.
func (w *Warehouse) DecisionsAfter(ctx context.Context, purpose string, ends map[string]uint64) (n NewDecisions, err error) {
	var nodes []string
	sequences := []uint64{}
	for node, end := range ends {
		nodes, sequences = append(nodes, node), append(sequences, end)
	}
	var records uint64
	var text string
	err = w.ask(ctx, "choices_after", []any{
		clickhouse.Named("purpose", purpose), clickhouse.Named("nodes", nodes), clickhouse.Named("sequences", sequences),
	}, &n.Ledger, &n.Rows, &nodes, &sequences, &records, &text)
	if err == nil && (uint64(len(text)) != records*decisionBytes || len(nodes) != len(sequences)) {
		err = fmt.Errorf("%w: choices_after", ErrAnswer)
	}
	if err != nil {
		return n, fmt.Errorf("read choices: %w", err)
	}
	n.Ends, n.of = map[string]uint64{}, []byte(text)
	for i, node := range nodes {
		n.Ends[node] = sequences[i]
	}
	return n, nil
}
