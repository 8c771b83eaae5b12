// Command hello is the least program of the SDK, printed beside ours in the
// benchmark.
package main

import (
	"context"

	"github.com/fastly/compute-sdk-go/fsthttp"
)

func main() {
	fsthttp.ServeFunc(func(_ context.Context, w fsthttp.ResponseWriter, _ *fsthttp.Request) {
		_, _ = w.Write([]byte("Hello, world\n")) // the client may have gone
	})
}
