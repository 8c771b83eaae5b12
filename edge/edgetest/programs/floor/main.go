// Command floor makes the hostcalls of the edge program, with as many bytes,
// and does nothing else: what is left of our program's cost is our own.
package main

import (
	"context"
	"crypto/rand"
	"io"
	"os"
	"time"

	"github.com/fastly/compute-sdk-go/configstore"
	"github.com/fastly/compute-sdk-go/fsthttp"
	"github.com/fastly/compute-sdk-go/rtlog"
	"github.com/fastly/compute-sdk-go/secretstore"

	"glint/edge/pixel"
)

func main() {
	readStores()
	answer := pixel.Route("/o/x.gif")
	logs := []io.Writer{rtlog.Open("opens"), rtlog.Open("opens_archive")}
	line := make([]byte, 700) // about the length of ours
	for i := range line {
		line[i] = 'x'
	}
	var id [16]byte
	fsthttp.ServeMany(func(_ context.Context, w fsthttp.ResponseWriter, r *fsthttp.Request) {
		_ = time.Now()
		w.SetManualFramingMode(true)
		answer.EachHeader(w.Header().Set)
		w.WriteHeader(answer.Status)
		_, _ = w.Write(answer.Body) // as in ours, errors change nothing
		_ = w.Close()
		lookUp()
		_, _ = r.BotDetection()
		_, _ = rand.Read(id[:])
		for _, log := range logs {
			_, _ = log.Write(line)
		}
	}, &fsthttp.ServeManyOptions{})
}

func readStores() {
	if store, err := secretstore.Open("glint"); err == nil {
		if secret, err := store.Get("pixel_keys"); err == nil {
			_, _ = secret.Plaintext()
		}
	}
	if store, err := configstore.Open("glint"); err == nil {
		_, _ = store.Get("ip_precision")
	}
	_, _ = os.Getenv("FASTLY_POP"), os.Getenv("FASTLY_SERVICE_VERSION")
}
