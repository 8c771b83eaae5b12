package pixelserver

import (
	"net"
	"testing"
	"time"

	"glint/edge/pixel"
	"glint/edge/token"
	"glint/ingest/host/connlimit"
)

// deaf is a connection that takes all answers.
type deaf struct{ net.Conn }

func (deaf) Write(p []byte) (int, error)      { return len(p), nil }
func (deaf) SetWriteDeadline(time.Time) error { return nil }

// openOf returns the head of an open by a usual client, and a connection that
// answers it.
func openOf(tb testing.TB) (raw []byte, c *conn) {
	tb.Helper()
	text, err := benchRing.Sign(token.Token{Campaign: 1, IssuedAt: 1_700_000_000})
	if err != nil {
		tb.Fatal(err)
	}
	raw = []byte(get("/o/"+text+".gif", "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.1.0",
		"Accept: image/avif,image/webp,*/*", "Accept-Language: en-US,en;q=0.5", "Accept-Encoding: gzip, deflate"))
	s := New(Config{Observer: pixel.Observer{Ring: benchRing, Edge: "standalone"}, Write: func([]byte) {}, Now: time.Now})
	return raw, &conn{server: s, net: deaf{}, place: connlimit.New(1).Enter(deaf{})}
}

func TestAnAnswerNeedsNoNewMemory(t *testing.T) {
	raw, c := openOf(t)
	if n := testing.AllocsPerRun(1000, func() { c.answer(raw, false) }); n != 0 {
		t.Errorf("an open takes %v pieces of new memory", n)
	}
}

// BenchmarkAnswer measures the cost of an open without the network: reading the head,
// the answer, and the event's line.
func BenchmarkAnswer(b *testing.B) {
	raw, c := openOf(b)
	b.ReportAllocs()
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		if !c.answer(raw, false) {
			b.Fatal("the connection ends")
		}
	}
}
