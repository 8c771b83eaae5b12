package warehouse

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// TestShardOfIsTheFunctionOfTheEngine: a row that is inserted where the engine does not
// look for it is counted twice once its line comes again.
func TestShardOfIsTheFunctionOfTheEngine(t *testing.T) {
	e, _ := engine(t)
	r := rand.New(rand.NewPCG(20, 2))
	ids := []uuid.UUID{{}, uuid.Max, uuid.MustParse("00112233-4455-8677-8899-aabbccddeeff")}
	for range 3000 {
		var id uuid.UUID
		for i := range id {
			id[i] = byte(r.Uint32())
		}
		ids = append(ids, id)
	}
	texts := make([]string, len(ids))
	for i := range ids {
		texts[i] = "'" + ids[i].String() + "'"
	}
	for _, shards := range []int{1, 2, 3, 5, 8, 64, 1000} {
		used := map[int]bool{}
		var want strings.Builder
		for i := range ids {
			shard := ShardOf(ids[i], shards)
			used[shard] = true
			fmt.Fprintln(&want, shard)
		}
		got := text(t, e, fmt.Sprintf("SELECT jumpConsistentHash(sipHash64(toUUID(arrayJoin([%s]))), %d)", strings.Join(texts, ","), shards))
		if got != want.String() {
			t.Errorf("of %d shards the engine names others", shards)
		}
		if len(used) < min(shards, 900) {
			t.Errorf("%d of %d shards are used", len(used), shards)
		}
	}
}
