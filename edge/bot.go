package main

import (
	"github.com/fastly/compute-sdk-go/fsthttp"

	"glint/edge/event"
	"glint/edge/pixel"
)

// detectBot returns what the platform's bot detection says, zero where the
// product is off or fails. Of a half answer it takes what there is.
func detectBot(r *fsthttp.Request) pixel.Bot {
	d, _ := r.BotDetection() // never nil; on an error Analyzed is false or the rest is best effort
	switch {
	case !d.Analyzed:
		return pixel.Bot{}
	case !d.Detected:
		return pixel.Bot{Detection: event.BotNone}
	}
	b := pixel.Bot{Detection: event.BotDetected, Name: d.Name, Category: d.CategoryName}
	if d.Verified {
		b.Detection = event.BotVerified
	}
	return b
}
