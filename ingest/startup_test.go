package ingest

import (
	"errors"
	"slices"
	"testing"
	"time"
)

// TestTriesRepeatNoStep: on a full disk the engine is started again every 10 s for hours.
func TestTriesRepeatNoStep(t *testing.T) {
	var said []string
	r := reporter{cfg: &Config{Progress: func(text string) { said = append(said, text) }, Logger: quiet}}
	now := time.Now()
	for range 5 {
		r.step("starting the engine")
		r.waiting(&Problem{Code: "disk_full", Text: "the disk is full"}, errors.New("no space"), now)
	}
	r.step("checking the schema")
	r.up()
	r.step("starting the engine")
	want := []string{
		"starting the engine", "not ready: the disk is full; the pixel and ingest answer meanwhile: no space",
		"checking the schema", "starting the engine",
	}
	if !slices.Equal(said, want) {
		t.Errorf("said %q, want %q", said, want)
	}
}
