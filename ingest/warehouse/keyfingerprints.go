package warehouse

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"
)

// KeyFingerprint is a signing key that was used with this database, without its
// secret.
type KeyFingerprint struct {
	KeyID       uint8
	Fingerprint string
	FirstSeen   time.Time // UTC, milliseconds
}

var keyFingerprintColumns = []column[KeyFingerprint]{
	{"key_id", of(func(k *KeyFingerprint) uint8 { return k.KeyID })},
	{"fingerprint", of(func(k *KeyFingerprint) string { return k.Fingerprint })},
	{"first_seen", of(func(k *KeyFingerprint) int64 { return k.FirstSeen.UnixMilli() })},
}

// KeyFingerprints returns the recorded keys, by id and fingerprint. One id with
// two fingerprints means that a lost key was recreated: tokens of the other one
// are bad here.
func (w *Warehouse) KeyFingerprints(ctx context.Context) ([]KeyFingerprint, error) {
	var n uint64
	var ids []uint8
	var prints []string
	var first []int64
	if err := w.ask(ctx, "key_fingerprints", nil, &n, &ids, &prints, &first); err != nil {
		return nil, fmt.Errorf("read key fingerprints: %w", err)
	}
	keys := make([]KeyFingerprint, len(ids))
	for i := range ids {
		keys[i] = KeyFingerprint{ids[i], prints[i], time.UnixMilli(first[i]).UTC()}
	}
	return keys, nil
}

// RecordKeyFingerprints records keys that are not recorded yet. A zero
// FirstSeen means now.
func (w *Warehouse) RecordKeyFingerprints(ctx context.Context, keys []KeyFingerprint) error {
	known, err := w.KeyFingerprints(ctx)
	if err != nil {
		return err
	}
	type key struct {
		id          uint8
		fingerprint string
	}
	recorded := map[key]bool{}
	for _, k := range known {
		recorded[key{k.KeyID, k.Fingerprint}] = true
	}
	var fresh []KeyFingerprint
	for _, k := range keys {
		if recorded[key{k.KeyID, k.Fingerprint}] {
			continue
		}
		recorded[key{k.KeyID, k.Fingerprint}] = true
		if k.FirstSeen.IsZero() {
			k.FirstSeen = time.Now()
		}
		fresh = append(fresh, k)
	}
	if len(fresh) == 0 {
		return nil
	}
	return insert(ctx, w, "key_fingerprints", keyFingerprintColumns, "keys-"+rand.Text(), fresh)
}
