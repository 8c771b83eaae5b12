package pixelserver

import (
	"net"
	"testing"
)

// still is a connection on which one head comes in, and nothing goes out.
type still struct {
	net.Conn
	head []byte
}

func (c *still) Read(p []byte) (int, error)  { return copy(p, c.head), nil }
func (c *still) Write(p []byte) (int, error) { return len(p), nil }

// BenchmarkRescue is what a request that needs no rescue pays for it.
func BenchmarkRescue(b *testing.B) {
	head := []byte(get("/o/abc.gif", "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.1.0",
		"Accept: image/avif,image/webp,*/*", "Accept-Language: en-US,en;q=0.5", "Accept-Encoding: gzip, deflate"))
	answer := []byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	buffer := make([]byte, 4<<10)
	for name, c := range map[string]net.Conn{
		"without": &still{head: head},
		"with":    &rescueConn{Conn: &still{head: head}},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = c.Read(buffer)
				_, _ = c.Write(answer)
			}
		})
	}
}
