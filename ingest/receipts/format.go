package receipts

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"regexp"
	"slices"
	"strconv"
	"time"
)

const (
	headSize   = 52
	keySize    = 8
	detailSize = MaxDetailName + 4
	frameMagic = "\xe7gR1" // not text, not zeros
	maxCount   = 1<<28 - 1 // of lines; far above what a record may have
	hourLayout = "20060102T15"
	suffix     = ".receipts"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// head is the head of a frame.
type head struct {
	logID, lane, source             int // lengths
	details                         int
	record                          uint64
	at                              int64
	lines, events                   uint32
	badTokens, deadLetters, overCap uint32
	bodySum                         uint32
}

// size returns the size of the whole frame in bytes.
func (h *head) size() int64 {
	return h.keys() + keySize*int64(h.events)
}

// keys returns the offset of the keys in the frame.
func (h *head) keys() int64 { return headSize + int64(h.names()) + detailSize*int64(h.details) }

func (h *head) names() int { return h.logID + h.lane + h.source }

// appendFrame encodes a receipt that has passed its check.
func appendFrame(dst []byte, r *Receipt) []byte {
	le := binary.LittleEndian
	start := len(dst)
	dst = append(dst, frameMagic...)
	dst = append(dst, byte(len(r.LogID)), byte(len(r.Lane)), byte(len(r.Source)), byte(len(r.Details)))
	dst = le.AppendUint64(dst, r.Record)
	dst = le.AppendUint64(dst, uint64(r.ReceivedAt.UnixMilli()))
	for _, n := range []int{r.Lines, len(r.Events), r.BadTokens, r.DeadLetters, r.OverCap} {
		dst = le.AppendUint32(dst, uint32(n))
	}
	sums := len(dst)
	dst = append(dst, 0, 0, 0, 0, 0, 0, 0, 0)
	dst = append(dst, r.LogID...)
	dst = append(dst, r.Lane...)
	dst = append(dst, r.Source...)
	for _, d := range r.Details {
		var name [MaxDetailName]byte
		copy(name[:], d.Name)
		dst = le.AppendUint32(append(dst, name[:]...), uint32(d.Lines))
	}
	dst = slices.Grow(dst, keySize*len(r.Events))
	for _, key := range r.Events {
		dst = le.AppendUint64(dst, key)
	}
	le.PutUint32(dst[sums:], crc32.Checksum(dst[start+headSize:], castagnoli))
	le.PutUint32(dst[sums+4:], crc32.Checksum(dst[start:sums+4], castagnoli))
	return dst
}

// parseHead reads the head of a frame and reports whether it is one.
func parseHead(b []byte) (head, bool) {
	le := binary.LittleEndian
	if len(b) < headSize || string(b[:4]) != frameMagic || le.Uint32(b[48:]) != crc32.Checksum(b[:48], castagnoli) {
		return head{}, false
	}
	h := head{
		logID: int(b[4]), lane: int(b[5]), source: int(b[6]), details: int(b[7]),
		record: le.Uint64(b[8:]), at: int64(le.Uint64(b[16:])),
		lines: le.Uint32(b[24:]), events: le.Uint32(b[28:]),
		badTokens: le.Uint32(b[32:]), deadLetters: le.Uint32(b[36:]), overCap: le.Uint32(b[40:]),
		bodySum: le.Uint32(b[44:]),
	}
	return h, h.events <= maxCount
}

// hourOf returns the hour of the file for a receipt of that time.
func hourOf(t time.Time) time.Time { return t.UTC().Truncate(time.Hour) }

var nameForm = regexp.MustCompile(`^([0-9]{8}T[0-9]{2})(?:-([1-9][0-9]{0,8}))?\.receipts$`)

// fileName returns the name of file number part of an hour, counted from 1.
func fileName(hour time.Time, part int) string {
	if part == 1 {
		return hour.Format(hourLayout) + suffix
	}
	return fmt.Sprintf("%s-%d%s", hour.Format(hourLayout), part, suffix)
}

func parseFileName(name string) (hour time.Time, part int, ok bool) {
	m := nameForm.FindStringSubmatch(name)
	if m == nil {
		return time.Time{}, 0, false
	}
	part = 1
	if m[2] != "" {
		part, _ = strconv.Atoi(m[2]) // nine digits at most
	}
	hour, err := time.Parse(hourLayout, m[1])
	return hour, part, err == nil && fileName(hour, part) == name
}
