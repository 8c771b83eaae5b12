package classify

import (
	"strings"
	"sync"
)

// The user agent is read once. At each byte a hash of three bytes finds the words
// that may begin there. A word that matches at an allowed place adds the traits of
// its group. So the cost grows with the length of the user agent and hardly with the
// number of words.

// place is the position in a user agent at which a word counts.
type place uint8

const (
	inside   place = iota // anywhere
	starts                // no letter before it
	ends                  // no letter after it
	whole                 // neither
	leads                 // at the very beginning
	trails                // at the very end
	versions              // no letter before it, a digit after it: `java/1`
	inEngine              // after `(KHTML, like`
)

// effect is the effect of a word on the reading, besides its traits.
type effect uint8

const (
	noEffect   effect = iota
	entersName        // an Android device's name follows
	leavesName        // the device's name ends
	excuses           // a bot word inside this word does not count
)

// group is a list of words with one meaning.
type group struct {
	sets       traits
	at         place
	does       effect
	label      label
	os         system
	device     device
	modernFrom uint16 // a version number of at least this sets saysModern
	neverFrom  uint16 // a version number of at least this sets isImpossible
	notes      engines
	reason     string // of the rule for a mail proxy
	homes      owners // owners of a mail proxy's networks; 0: not known
	words      string // separated by betweenWords, since a list would cost the edge program a pointer and a length per word
}

const betweenWords = ", "

// A word needs three bytes besides white space, for its hash.
const (
	hashBits = 13
	hashSize = 1 << hashBits
	maxWords = 1536 // a test checks that the lists fit
)

// lists holds every group of words.
var lists = [...][]group{mailWords[:], machineWords[:], browserWords[:]}

// The kinds of words that may begin at a byte: those that must begin at the begin of a
// word, those that may begin anywhere, each short or long, and signs with a meaning of
// their own. Most bytes have none and are looked at once.
const (
	startsShort = 1 << iota
	startsLong
	startsFull
	anywhereShort
	anywhereLong
	anywhereFull
	signHere

	startsHere = startsShort | startsLong | startsFull
	shortHere  = startsShort | anywhereShort
	longHere   = startsLong | anywhereLong
	fullHere   = startsFull | anywhereFull
	letterHere = startsHere // in kinds: a letter
)

var (
	// kinds classifies each byte as a letter, a sign or neither.
	kinds [256]uint8
	// may has the kinds of words by the hash of their first three bytes.
	may [hashSize]uint8
	// All words, sorted by slot: bounds[slot] to bounds[slot+1]. A full word has eight
	// bytes before its first white space, and their hash is its slot; a long word has
	// four; the slots of short words, which have fewer, come first.
	bounds [2*hashSize + 1]uint16
	keys   [maxWords]key
	words  [maxWords]word
)

// key compares the first eight bytes of a word, or those before its first white
// space, in any case of letters.
type key struct {
	bytes uint64
	fold  uint64 // 0x20 where the word has a letter
	mask  uint64 // the bytes that count

	covered  uint8 // bytes of the word's text in the key
	next     byte  // the next byte that is no white space, folded; 0 if the key covers all
	anywhere bool
}

type word struct {
	text  string
	group *group
}

// filled makes the first reading fill the tables, which takes about 80 microseconds
// and does not allocate. In init, instances that never judge would pay for it.
var filled sync.Once

func fillTables() {
	fillProducts()
	for c := range kinds {
		if isLetter(byte(c)) {
			kinds[c] = letterHere
		}
	}
	for _, c := range ")@$+" {
		kinds[c] = signHere
	}
	eachWord(announce)
	for slot := 1; slot < len(bounds); slot++ {
		bounds[slot] += bounds[slot-1]
	}
	eachWord(store)
	fillKnown()
}

func eachWord(use func(text string, g *group)) {
	for _, list := range lists {
		for g := range list {
			for text, rest := "", list[g].words; rest != ""; {
				text, rest, _ = strings.Cut(rest, betweenWords)
				use(text, &list[g])
			}
		}
	}
}

func anywhere(at place) bool { return at == inside || at == ends || at == trails }

// slotOf returns the slot of a word.
func slotOf(text string) uint32 {
	switch n := keyLength(text); {
	case n == 8:
		return fullSlot(eightAt(text, 0))
	case n >= 4:
		return longSlot(window(text)<<8 | uint32(text[3]|0x20))
	}
	return hash3(window(text))
}

// fullSlot returns the slot of a full word by its first eight bytes.
func fullSlot(eight uint64) uint32 {
	return hashSize + uint32((eight|0x2020202020202020)*0x9E3779B97F4A7C15>>(64-hashBits))
}

// longSlot returns the slot of a long word by its first four bytes.
func longSlot(w uint32) uint32 { return hashSize + hash4(w) }

// announce counts a word and marks its first three bytes; if the third is white
// space, as in `em client`, with every white space. A test checks that no word has
// white space before that.
func announce(text string, g *group) {
	bounds[slotOf(text)]++
	kind := uint8(startsShort)
	if anywhere(g.at) {
		kind = anywhereShort
	}
	switch n := keyLength(text); {
	case n == 8:
		kind *= startsFull
	case n >= 4:
		kind *= startsLong
	}
	may[hash3(window(text))] |= kind
	if text[2] != ' ' {
		return
	}
	for c := range byte(' ') + 1 {
		if isSpace(c) {
			may[hash3(uint32(text[0])<<16|uint32(text[1])<<8|uint32(c|0x20))] |= kind
		}
	}
}

// store puts a word into its slot, which is filled from its end.
func store(text string, g *group) {
	slot, length := slotOf(text), keyLength(text)
	bounds[slot]--
	n := bounds[slot]
	keys[n], words[n] = keyOf(text[:length]), word{text, g}
	keys[n].covered, keys[n].anywhere = uint8(length), anywhere(g.at)
	if rest := skipSpace(text[length:]); rest != "" {
		keys[n].next = rest[0] | 0x20
	}
}

// window returns the first three bytes that are no white space. It folds the case of
// letters and of some signs; keys are exact.
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

// hash3 returns the hash of the lowest three bytes, hash4 of four. Of 120,000 odd
// multipliers this one gives common user agents the fewest false candidates.
func hash3(w uint32) uint32 { return hash4(w << 8) }
func hash4(w uint32) uint32 { return w * 0x9eae01b1 >> (32 - hashBits) }

// load returns the first eight bytes of s as a number.
func load(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// eightAt returns the eight bytes at i as a number, padded with zeros at the end.
func eightAt(s string, i int) uint64 {
	if i+8 <= len(s) {
		return load(s[i : i+8])
	}
	var v uint64
	for k := len(s) - 1; k >= i; k-- {
		v = v<<8 | uint64(s[k])
	}
	return v
}

// keyLength returns the number of bytes of a word in its key.
func keyLength(word string) int {
	n := strings.IndexByte(word, ' ')
	if n < 0 {
		n = len(word)
	}
	return min(n, 8)
}

func keyOf(start string) key {
	k := key{bytes: eightAt(start, 0)}
	for i := range len(start) {
		k.mask |= 0xff << (8 * i)
		if isLetter(start[i]) {
			k.fold |= 0x20 << (8 * i)
		}
	}
	return k
}
