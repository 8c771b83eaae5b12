package imports

import (
	"bytes"
	"fmt"
	"testing"

	"glint/ingest/cdnlog"
)

// BenchmarkAppend makes event lines of a CloudFront log's: at the lines of one
// second in a thousand different clients, as they come in busy logs.
func BenchmarkAppend(b *testing.B) {
	l := newReading(cdnlog.Auto).Open("cf.log")
	lines := make([]string, 1000)
	for i := range lines {
		lines[i] = fmt.Sprintf("2026-02-10\t21:04:05\tFRA56-P4\t392\t203.0.%d.7\tGET\td1.cloudfront.net\t/o/EAcBAgMEBQYHCBESExQVFhcYGRobHB0eHyBpHE6Gm7T2cTbSzEEdzg.gif"+
			"\t200\t-\tMozilla/5.0%%2520(Windows%%2520NT%%252010.0;%%2520Win64;%%2520x64)%%2520AppleWebKit/537.36%%2520(KHTML,%%2520like%%2520Gecko)"+
			"%%2520Chrome/143.0.0.0%%2520Safari/537.36\t-\t-\tHit\tid%d==\th\thttps\t23\t0.001\t-\tTLSv1.3\tx\tHit\tHTTP/2.0\t-\t-\t11040", i%256, i)
	}
	var dst []byte
	for b.Loop() {
		r := l.Next(lines)
		r.Parse()
		dst = dst[:0]
		for range lines {
			var err error
			if dst, err = r.Append(dst, false); err != nil || !bytes.HasSuffix(dst, []byte("\n")) {
				b.Fatal(err, string(dst))
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(lines)), "ns/line")
}
