package classify

// doubtful words do not count inside the name of a device: CUBOT and Sensuelle are
// phones, ScanPal is a handheld.
const doubtful = saysScanner | saysBot | saysNamedBot | saysTask | saysTaskLoosely | saysMailClient | saysMailName

// reading is the result of one pass over a user agent.
type reading struct {
	traits traits
	proxy  *group // of the named mail proxy; nil: none
	homes  owners // owners of the networks of the named proxy; 0: not known
	label  label
	os     system
	device device
}

func read(ua string) reading { return readWith(ua, nil) }

// readWith reads a user agent without the words for which counts returns false; if
// counts is nil, every word counts.
func readWith(ua string, counts func(word string) bool) reading {
	ua = trim(ua)
	begin := leadAt(ua)
	if len(ua) < 3 {
		return reading{traits: shapeOf(ua, begin)}
	}
	filled.Do(fillTables)
	var out reading
	s := scan{ua: ua, begin: begin, counts: counts}
	from, shape, shaped := 0, traits(0), false
	if counts == nil && begin == 0 {
		from, shape, shaped = s.skipBeginning(&out)
	}
	if !shaped {
		shape = shapeOf(ua, begin)
	}
	out.traits |= shape
	s.words(&out, from)
	if out.traits&isMozilla5 != 0 && s.engines.contradict(&out, &s.numbers) {
		out.traits |= isImpossible
	}
	if begin > len("user-agent") || // no browser repeats the header's name
		out.traits&(saysMail|saysBot|saysMachine) == 0 && out.device != deviceTV && s.isStrange(&out) {
		out.traits |= saysStranger
	}
	return out
}

// isStrange reports whether a browser's user agent has a foreign name in it, or
// before it. Phone apps put their names before it, and proxies that forward a user
// agent put a comma after theirs.
func (s *scan) isStrange(out *reading) bool {
	switch {
	case out.traits&isMozilla5 != 0:
		return !s.engines.isWebView(out) && s.hasStranger(out)
	case out.traits&isMozilla != 0: // Internet Explorer until version 8
		return out.label == labelExplorer && out.os == osWindows && hasStranger(s.ua, 0, 0, browserComments)
	case out.os == osIOS || out.os == osIPadOS || out.os == osAndroid:
		before := trim(s.ua[:laterMozilla(s.ua)])
		if before == "" {
			return (s.numbers.blink >= 30 || s.engines&newSafari != 0) && s.engines&engineWebKit != 0 && out.traits&saysBrowser == 0
		}
		return before[len(before)-1] == ','
	}
	return out.isDesktop() && s.hasNewEngine() && !s.engines.isWebView(out) || laterMozilla(s.ua) > 0
}

// words reads the words and signs that begin at from or later.
func (s *scan) words(out *reading, from int) {
	ua, before := s.ua, uint8(0) // kind of the previous byte
	if from > 0 {
		before = kinds[ua[from-1]]
	}
	for from+2 < len(ua) {
		raw := uint32(ua[from])<<8 | uint32(ua[from+1])
		skipped := 0
		ahead := ua[from+2:]
		for i := 0; i < len(ahead); i++ {
			raw = raw<<8 | uint32(ahead[i]) // the last three bytes; the first of them is at i
			w := raw | 0x202020
			kind := kinds[uint8(raw>>16)]
			here := may[hash3(w)] &^ before
			before = kind
			if here|kind&signHere == 0 {
				continue
			}
			if kind == signHere {
				if skipped = s.sign(out, from+i); skipped > 0 {
					from += i + skipped
					break
				}
			}
			if here != 0 {
				s.look(out, from+i, here, w)
			}
		}
		if skipped == 0 {
			return
		}
		before = kinds[ua[from-1]]
	}
}

// hasStranger reports whether a browser's user agent has a part that no browser's
// has, or lacks one that every browser's has.
func (s *scan) hasStranger(out *reading) bool {
	ua := s.ua[s.begin:]
	from, comments := s.behindEngine()
	usual := browserComments
	if s.numbers.gecko >= 20 && s.engines&engineWebKit == 0 {
		usual = geckoComments
	}
	if hasStranger(ua, from, comments, usual) || out.os == osAndroid && s.hasNewEngine() && isSigned(ua) {
		return true
	}
	if s.hasFrozenSystem(out) && (from == 0 || s.middle > s.from) && hasStrangeSystem(ua) {
		return true
	}
	return out.os != osMacOS && out.label == labelNone && out.traits&(isApple|saysOldBrowser) == 0 && endsInEngine(ua)
}

// hasFrozenSystem reports whether no program adds its name to the system's comment of
// that browser on that system.
func (s *scan) hasFrozenSystem(out *reading) bool {
	if out.os == osIOS || out.os == osIPadOS {
		return true
	}
	return (out.isDesktop() || out.os == osNone && out.traits&saysPlatform == 0) &&
		(out.traits&saysModern != 0 || s.hasNewEngine())
}

// hasNewEngine reports whether the user agents of the engine have had the same form
// since 2013.
func (s *scan) hasNewEngine() bool { return s.numbers.blink >= 30 || s.numbers.gecko >= 20 }

// look reads the words at i, whose first three bytes are the lowest of w.
func (s *scan) look(out *reading, i int, here uint8, w uint32) {
	var eight uint64
	if i+8 <= len(s.ua) {
		eight = load(s.ua[i : i+8])
	} else {
		eight = eightAt(s.ua, i)
	}
	if here&fullHere != 0 {
		s.try(out, i, eight, fullSlot(eight), here&startsFull != 0)
	}
	if here&longHere != 0 && i+3 < len(s.ua) {
		s.try(out, i, eight, longSlot(w<<8|uint32(s.ua[i+3]|0x20)), here&startsLong != 0)
	}
	if here&shortHere != 0 {
		if isSpace(s.ua[i+2]) { // as in `eM Client`
			s.try(out, i, eight, hash3(window(s.ua[i:])), here&startsShort != 0)
		}
		s.try(out, i, eight, hash3(w), here&startsShort != 0)
	}
}

// sign reads a sign that has a meaning alone, and returns the number of bytes read.
func (s *scan) sign(out *reading, i int) int {
	switch s.ua[i] {
	case ')':
		s.inName = false
		return s.skipMiddle(out, i)
	case '+':
		return s.skipMiddle(out, i)
	case '@':
		if isMailAddress(s.ua, i) {
			out.traits |= hasMailAddress
		}
	case '$': // `${` and `$(`: code in the place of a name
		if next := s.ua[i+1]; next == '{' || next == '(' {
			out.traits |= saysAttack
		}
	}
	return 0
}

type scan struct {
	ua      string
	begin   int  // begin of the first product
	from    int  // end of a known beginning, in the first comment; 0: none
	middle  int  // begin of the first known middle; 0: none
	behind  int  // end of that middle
	excused int  // machine words that begin before this do not count
	name    int  // begin of the device's name
	inName  bool // inside the name of an Android device, which ends with the comment
	engines engines
	numbers numbers
	counts  func(word string) bool
}

// try reads the words of one slot at i, where the eight bytes are; free: no letter
// precedes i. The byte after a key rejects most words with the same beginning; it is
// looked up once for all keys of the same length.
func (s *scan) try(out *reading, i int, eight uint64, slot uint32, free bool) {
	behind, next := 0, byte(0)
	for n, last := int(bounds[slot]), int(bounds[slot+1]); n < last; n++ {
		k := &keys[n]
		if (eight|k.fold)&k.mask != k.bytes || !k.anywhere && !free {
			continue
		}
		w, end := &words[n], i+int(k.covered)
		if k.next != 0 {
			if behind != end {
				behind, next = end, s.nextAt(end)
			}
			if next != k.next && next != anyNext {
				continue
			}
			if end = s.match(end, w.text[k.covered:]); end == 0 {
				continue
			}
		}
		if at := w.group.at; (at == starts || at == inside || s.allowed(at, i, end)) && (s.counts == nil || s.counts(w.text)) {
			s.take(out, i, end, w.group)
		}
	}
}

// anyNext is the result of nextAt at several signs of white space.
const anyNext = 0xff

// nextAt returns the byte at i, or the one after a blank, folded as key.next is;
// anyNext if that is white space too; 0 at the end.
func (s *scan) nextAt(i int) byte {
	if i < len(s.ua) && s.ua[i] == ' ' {
		i++
	}
	switch {
	case i >= len(s.ua):
		return 0
	case isSpace(s.ua[i]):
		return anyNext
	}
	return s.ua[i] | 0x20
}

// match returns the end of the rest of a word at i, or 0 if it is not there. White
// space in a word matches any amount of it.
func (s *scan) match(i int, word string) int {
	ua := s.ua
	for k := range len(word) {
		want := word[k]
		if want == ' ' {
			for i < len(ua) && isSpace(ua[i]) {
				i++
			}
			continue
		}
		if i >= len(ua) || lower(ua[i]) != want {
			return 0
		}
		i++
	}
	return i
}

// take adds the traits of a word's group.
func (s *scan) take(out *reading, at, end int, g *group) {
	switch g.does {
	case entersName:
		s.inName, s.name = s.inComment(at), end
	case leavesName:
		s.inName = false
	case excuses:
		if !s.versionAt(end) {
			s.excused = end
		}
	}
	if g.sets&doubtful != 0 && (s.inName && at >= s.name || at < s.excused) && !s.versionAt(end) {
		return
	}
	out.take(g.sets, g.label, g.os, g.device)
	if g.sets&(saysLibrary|saysRuntime) != 0 && at == s.begin {
		out.traits |= leadsWithLibrary
	}
	if g.reason != "" && out.proxy == nil {
		out.proxy = g
	}
	if g.homes != 0 && out.homes == 0 {
		out.homes = g.homes
	}
	if g.modernFrom|g.neverFrom != 0 || g.notes != 0 {
		s.version(out, g, end)
	}
}

// take adds traits, and keeps the smaller label, system and device; 0 means none.
func (r *reading) take(sets traits, l label, os system, d device) {
	r.traits |= sets
	r.label = min(r.label-1, l-1) + 1
	r.os = min(r.os-1, os-1) + 1
	r.device = min(r.device-1, d-1) + 1
}

// inComment reports whether i is behind an open bracket.
func (s *scan) inComment(i int) bool {
	for i--; i >= 0; i-- {
		switch s.ua[i] {
		case '(':
			return true
		case ')':
			return false
		}
	}
	return false
}

// version reads the number after the name of a browser or a system.
func (s *scan) version(out *reading, g *group, end int) {
	for end < len(s.ua) && isSpace(s.ua[end]) {
		end++
	}
	n := numberAt(s.ua, end)
	if g.modernFrom != 0 && n >= g.modernFrom {
		out.traits |= saysModern
	}
	if g.neverFrom != 0 && n >= g.neverFrom || neverWas(g.notes, n) || g.notes&(engineBlink|engineGecko) != 0 && (end == len(s.ua) || !isDigit(s.ua[end])) {
		out.traits |= isImpossible
	}
	s.engines |= g.notes
	s.numbers.note(g.notes, n)
	switch {
	case g.notes == engineBlink && dotsAt(s.ua, end) != 3:
		s.engines |= blinkCut
	case g.notes&(engineSafari|engineGecko) != 0 && oneWord(s.ua[end:]):
		s.engines |= endsPlain
	}
	if g.notes == engineVersion && n >= 6 {
		s.engines |= newSafari
	}
}

// allowed reports whether a word counts at its place, for the places that the table
// alone does not decide.
func (s *scan) allowed(at place, begin, end int) bool {
	switch at {
	case ends:
		return s.endsAt(end)
	case whole:
		return s.free(begin) && s.endsAt(end)
	case leads:
		return begin == s.begin
	case trails:
		return end == len(s.ua)
	case versions:
		return s.free(begin) && end < len(s.ua) && isDigit(s.ua[end])
	case inEngine:
		return opensEngine(s.ua[:begin])
	}
	return true
}

// free reports whether no letter precedes i.
func (s *scan) free(i int) bool { return i == 0 || !isLetter(s.ua[i-1]) }

// endsAt reports whether a word may end here. Digits may follow, as in `bot2.1`,
// but not letters after them: `NrbOt0CE` is a random name.
func (s *scan) endsAt(i int) bool {
	for i < len(s.ua) && isDigit(s.ua[i]) {
		i++
	}
	return i == len(s.ua) || !isLetter(s.ua[i])
}

// versionAt reports whether a version follows, as in `Bot/1.0`, which no name of a
// device has.
func (s *scan) versionAt(i int) bool {
	return i+1 < len(s.ua) && s.ua[i] == '/' && isDigit(s.ua[i+1])
}

// dotsAt counts the dots of the version at i.
func dotsAt(s string, i int) int {
	dots := 0
	for ; i < len(s) && (isDigit(s[i]) || s[i] == '.'); i++ {
		if s[i] == '.' {
			dots++
		}
	}
	return dots
}

// numberAt returns the number of the digits at i, at most four of them.
func numberAt(s string, i int) uint16 {
	var n uint16
	for k := 0; k < 4 && i < len(s) && isDigit(s[i]); k++ {
		n = n*10 + uint16(s[i]-'0')
		i++
	}
	return n
}
