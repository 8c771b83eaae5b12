package classify

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// rulesetHash is the hash of everything that decides a verdict, as it was when
// RulesetVersion got its number. If this test fails because a rule, a word, a
// window or a network was changed on purpose, raise RulesetVersion and record
// the new hash beside the new number.
const (
	hashedVersion = 6
	rulesetHash   = "f877e0d8ae1c6ea8"
)

func TestAnyChangeOfTheRulesHasANewVersion(t *testing.T) {
	h := sha256.New()
	for i := range rules {
		r := &rules[i]
		fmt.Fprintln(h, "rule", r.reason, r.class, uint64(r.all), uint64(r.any), uint64(r.none))
	}
	for _, line := range decidingWords() {
		fmt.Fprintln(h, line)
	}
	for _, w := range webmails {
		fmt.Fprintln(h, "webmail", w.host)
	}
	fmt.Fprintln(h, scanners4, scanners6, FastWindow, ScannerWindow, asGoogle, asMicrosoft)
	fmt.Fprintln(h, ownASes, ownerShared, ownerClouds, strings.Fields(products), systemWords)
	got := hex.EncodeToString(h.Sum(nil))[:16]
	if RulesetVersion != hashedVersion || got != rulesetHash {
		t.Errorf("version %d has hash %s; recorded are version %d and %s", RulesetVersion, got, hashedVersion, rulesetHash)
	}
}

// decidingWords has a line for each word that can decide a verdict, in an order
// that does not depend on how words are grouped for breakdowns.
func decidingWords() []string {
	var lines []string
	for _, list := range lists {
		for i := range list {
			g := &list[i]
			if g.sets == 0 && g.does == noEffect && g.neverFrom == 0 && g.notes == 0 {
				continue // it names a system or a device
			}
			for word := range strings.SplitSeq(g.words, betweenWords) {
				lines = append(lines, fmt.Sprintln("word", uint64(g.sets), g.at, g.does, g.modernFrom, g.neverFrom, g.notes, g.reason, g.homes, word))
			}
		}
	}
	slices.Sort(lines)
	return lines
}

func TestClassesAreThoseOfTheTable(t *testing.T) {
	// The Enum8 of opens.class.
	want := []string{
		"unknown", "human_direct", "proxy_human", "machine_prefetch", "security_scanner",
		"bot", "http_library", "link_preview", "headless", "not_image",
	}
	for i, name := range want {
		if got := Class(i).String(); got != name {
			t.Errorf("class %d is %s, was %s", i, got, name)
		}
	}
	if got := Class(200).String(); got != "unknown" {
		t.Errorf("class 200 is %s", got)
	}
}

func TestWindowsMoveTheTimeRules(t *testing.T) {
	fast, scanner := FastWindow, ScannerWindow
	t.Cleanup(func() { FastWindow, ScannerWindow = fast, scanner })
	FastWindow, ScannerWindow = time.Minute, time.Hour

	r := sent(59*time.Second, Request{UserAgent: uaChrome, Network: "none", Headers: scriptHeaders})
	if got := Judge(&r); got.Reason != "fast_open" {
		t.Errorf("59 s in a window of 1 min: %s", got.Reason)
	}
	r = sent(59*time.Minute, Request{UserAgent: uaChrome, Network: "hosting"})
	if got := Judge(&r); got.Class != SecurityScanner {
		t.Errorf("59 min in a window of 1 h: %s", got.Class)
	}
}
