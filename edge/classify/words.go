package classify

import (
	"strings"
	"sync"
)

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
	inEngine              // after `(KHTML, like`
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
	neverFrom  uint16 // a version number of at least this sets isImpossible
	notes      engines
	reason     string // of the rule that a mail proxy's name decides
	homes      owners // of the networks that a mail proxy fetches from; 0 if they are not known
	words      string // separated by betweenWords: a list of strings would cost the edge program a pointer and a length for each
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

// The words that may be found at a byte: words that must begin where a word begins, words
// that may begin anywhere, each short or long, and signs that mean something
// alone. Most bytes have none, so that the scan looks at them once.
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
	letterHere = startsHere // of kinds: what may not follow
)

var (
	// kinds has for each byte whether it is a letter or a sign.
	kinds [256]uint8
	// may has for the hash of three bytes the words that begin so.
	may [hashSize]uint8
	// All words, a slot's side by side: bounds[slot] to bounds[slot+1].
	// The slot of a full word, which has eight bytes before its first white space, is
	// the hash of these, of a long one the hash of its first four, and the slots of short
	// words, which have fewer, lie before them.
	bounds [2*hashSize + 1]uint16
	keys   [maxWords]key
	words  [maxWords]word
)

// key decides by the first eight bytes of a word, or those before its first
// white space, in any case of letters.
type key struct {
	bytes uint64
	fold  uint64 // 0x20 where the word has a letter
	mask  uint64 // the bytes that count

	covered  uint8 // of the word's text, by the key
	next     byte  // folded: the first of the others that is no white space; 0 if the key covers all
	anywhere bool
}

type word struct {
	text  string
	group *group
}

// filled makes the first reading fill the tables: about 80 microseconds, no
// allocation. Not in init, which an edge program that never judges would pay for
// in every instance.
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

// slotOf is where a word lies.
func slotOf(text string) uint32 {
	switch n := keyLength(text); {
	case n == 8:
		return fullSlot(eightAt(text, 0))
	case n >= 4:
		return longSlot(window(text)<<8 | uint32(text[3]|0x20))
	}
	return hash3(window(text))
}

// fullSlot wants eight bytes.
func fullSlot(eight uint64) uint32 {
	return hashSize + uint32((eight|0x2020202020202020)*0x9E3779B97F4A7C15>>(64-hashBits))
}

// longSlot wants four bytes.
func longSlot(w uint32) uint32 { return hashSize + hash4(w) }

// announce counts a word and marks the three bytes at which it may be found: its
// own, and if white space is its third byte, as in `em client`, those with any
// white space there. A test holds that no word has white space before that.
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

// store puts a word in its place; a slot is filled from the last to
// the first.
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

// window packs the first three bytes that are no white space. It folds case
// carelessly (and some signs with it); keys are exact.
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

// hash3 wants three bytes and ignores what stands above them, hash4 wants four.
// Of 120,000 odd numbers this one leads from the bytes of common user agents to the
// fewest words that are not there.
func hash3(w uint32) uint32 { return hash4(w << 8) }
func hash4(w uint32) uint32 { return w * 0x9eae01b1 >> (32 - hashBits) }

// load packs the eight bytes of s.
func load(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// eightAt packs the eight bytes at i; at the end of the text it pads with zeros.
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

// keyLength is how much of a word its key covers.
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
