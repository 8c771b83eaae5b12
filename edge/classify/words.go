package classify

import "sync"

// The user agent is read once. At each byte a hash of three bytes finds the
// words that could begin there; a word that matches at its allowed place adds
// the traits of its group. So the cost grows with the length of the user agent
// and hardly with the number of words.

// place says where in a user agent a word counts.
type place uint8

const (
	inside   place = iota // anywhere
	starts                // no letter before it
	ends                  // no letter after it
	whole                 // neither
	leads                 // at the very beginning
	trails                // at the very end
	versions              // no letter before it, a digit after it: `java/1`
)

// effect is what a word does to the reading besides adding traits.
type effect uint8

const (
	noEffect   effect = iota
	entersName        // an Android device's name follows
	leavesName        // the device's name ends
	excuses           // the bot word inside this word is no bot word
)

// group is a list of words that mean the same.
type group struct {
	sets       traits
	at         place
	does       effect
	label      label
	os         system
	device     device
	modernFrom uint16 // a version number of at least this sets saysModern
	reason     string // of the rule that a mail proxy's name decides
	words      []string
}

// A word needs three bytes besides white space, for its hash.
const (
	hashBits = 12
	hashSize = 1 << hashBits

	windowMask = 0xffffff
	maxWords   = 1536 // a test checks that the lists fit
)

// lists holds every group of words.
var lists = [...][]group{mailWords[:], machineWords[:], browserWords[:]}

// table holds words, those of one hash side by side: bounds[h] to bounds[h+1].
type table struct {
	has    [hashSize]bool
	bounds [hashSize + 1]uint16
	keys   [maxWords]key
	words  [maxWords]word
}

// key rejects most words without reading them.
type key struct {
	bytes uint64 // the first bytes as eightAt gives them, up to white space
	mask  uint64 // the bytes that count
}

type word struct {
	text  string
	group *group
}

// Words that must begin where a word begins are looked for there only, so that
// the few others can be looked for everywhere.
var startTable, otherTable table

// filled makes the first reading fill the tables: about 40 microseconds, no
// allocation. Not in init, which an edge program that never judges would pay for
// in every instance.
var filled sync.Once

func fillTables() {
	startTable.fill(false)
	otherTable.fill(true)
}

func anywhere(at place) bool { return at == inside || at == ends || at == trails }

// fill takes the words that are looked for anywhere, or the others. It counts
// the words of each hash, then fills their places from the last to the first.
func (t *table) fill(wantAnywhere bool) {
	for pass := range 2 {
		for _, list := range lists {
			for g := range list {
				if anywhere(list[g].at) != wantAnywhere {
					continue
				}
				for _, text := range list[g].words {
					h := hash(window(text))
					if pass == 0 {
						t.bounds[h]++
						t.has[h] = true
						continue
					}
					t.bounds[h]--
					n, mask := t.bounds[h], maskOf(text)
					t.keys[n] = key{eightAt(text, 0) & mask, mask}
					t.words[n] = word{text, &list[g]}
				}
			}
		}
		if pass == 0 {
			for h := 1; h <= hashSize; h++ {
				t.bounds[h] += t.bounds[h-1]
			}
		}
	}
}

// window packs the first three bytes that are no white space. It folds case
// carelessly (and some signs with it); matching is exact.
func window(s string) uint32 {
	w := uint32(0)
	for i, k := 0, 0; i < len(s) && k < 3; i++ {
		if !isSpace(s[i]) {
			w = w<<8 | uint32(s[i]|0x20)
			k++
		}
	}
	return w
}

func hash(w uint32) uint32 { return w * 0x9E3779B1 >> (32 - hashBits) & (hashSize - 1) }

// eightAt packs the eight bytes at i, folded as carelessly as window does; at
// the end of the text it pads with zeros.
func eightAt(s string, i int) uint64 {
	const fold = 0x2020202020202020
	if i+8 <= len(s) {
		t := s[i : i+8]
		return fold | uint64(t[0]) | uint64(t[1])<<8 | uint64(t[2])<<16 | uint64(t[3])<<24 |
			uint64(t[4])<<32 | uint64(t[5])<<40 | uint64(t[6])<<48 | uint64(t[7])<<56
	}
	var v uint64
	for k := len(s) - 1; k >= i; k-- {
		v = v<<8 | uint64(s[k]|0x20)
	}
	return v
}

// maskOf covers the word's first eight bytes, up to its first white space.
func maskOf(word string) uint64 {
	n := indexByte(word, ' ')
	if n < 0 {
		n = len(word)
	}
	if n >= 8 {
		return ^uint64(0)
	}
	return 1<<(8*n) - 1
}
