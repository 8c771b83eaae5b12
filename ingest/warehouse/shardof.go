package warehouse

import (
	"encoding/binary"
	"math/bits"

	"github.com/google/uuid"
)

// ShardOf returns the shard, from 0, of the opens of a message among that many: as
// jumpConsistentHash(sipHash64(message_id), shards) of ClickHouse. It must never change.
func ShardOf(message uuid.UUID, shards int) int {
	return jump(sipHash(binary.BigEndian.Uint64(message[:8]), binary.BigEndian.Uint64(message[8:])), shards)
}

// jump is the consistent hash of Lamping and Veach (https://arxiv.org/abs/1406.2294).
func jump(key uint64, buckets int) int {
	at, next := int64(-1), int64(0)
	for next < int64(buckets) {
		at = next
		key = key*2862933555777941757 + 1
		next = int64(float64(at+1) * (float64(1<<31) / float64(key>>33+1)))
	}
	return int(at)
}

// sipHash is SipHash-2-4 of two words under the key 0 (https://www.aumasson.jp/siphash/siphash.pdf).
func sipHash(words ...uint64) uint64 {
	v0, v1, v2, v3 := uint64(0x736f6d6570736575), uint64(0x646f72616e646f6d), uint64(0x6c7967656e657261), uint64(0x7465646279746573)
	rounds := func(n int) {
		for range n {
			v0 += v1
			v2 += v3
			v1, v3 = bits.RotateLeft64(v1, 13)^v0, bits.RotateLeft64(v3, 16)^v2
			v0 = bits.RotateLeft64(v0, 32)
			v2 += v1
			v0 += v3
			v1, v3 = bits.RotateLeft64(v1, 17)^v2, bits.RotateLeft64(v3, 21)^v0
			v2 = bits.RotateLeft64(v2, 32)
		}
	}
	for _, word := range append(words, uint64(8*len(words))<<56) {
		v3 ^= word
		rounds(2)
		v0 ^= word
	}
	v2 ^= 0xff
	rounds(4)
	return v0 ^ v1 ^ v2 ^ v3
}
