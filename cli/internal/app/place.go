package app

import (
	"errors"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"glint/ingest/objects"
)

// PlaceFlags adds the flags of a place that may be a bucket.
func PlaceFlags(cmd *cobra.Command, t *objects.Target) {
	cmd.Flags().StringVar(&t.Endpoint, "endpoint", "", "URL of the bucket, if it is not Amazon's; the key comes from the AWS_… variables")
	cmd.Flags().StringVar(&t.Region, "region", "", "region of the bucket")
}

// OpenPlace opens a folder or a bucket. It refuses folders in glint's own home,
// which would become a part of themselves.
func (a *App) OpenPlace(t *objects.Target) (objects.Store, error) {
	t.Getenv = a.Getenv
	store, err := t.Open()
	if err != nil {
		return nil, UsageTry(err, "DIR, or s3://BUCKET/PREFIX")
	}
	if folder, ok := store.(objects.Folder); ok {
		if rel, err := filepath.Rel(string(a.Home), string(folder)); err == nil && rel != ".." && !strings.HasPrefix(rel, "../") {
			return nil, UsageTry(errors.New("the folder is in glint's home, "+string(a.Home)), "a folder elsewhere")
		}
	}
	return store, nil
}
