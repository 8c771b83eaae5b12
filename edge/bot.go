package main

import (
	"github.com/fastly/compute-sdk-go/fsthttp"

	"glint/edge/event"
	"glint/edge/pixel"
)

// detectBot returns the result of the platform's bot detection, or zero if the
// product is off or fails. A partial result is used as far as it goes.
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
