package objects

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// stores returns a folder and a bucket, both empty.
func stores(t *testing.T) map[string]Store {
	backend := s3mem.New()
	if err := backend.CreateBucket("backups"); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(server.Close)
	open := func(place string) Store {
		target := Target{Place: place, Endpoint: server.URL, Region: "eu-west-1", Getenv: func(name string) string {
			return map[string]string{"AWS_ACCESS_KEY_ID": "the-id", "AWS_SECRET_ACCESS_KEY": "the-secret"}[name]
		}}
		store, err := target.Open()
		if err != nil {
			t.Fatal(err)
		}
		return store
	}
	return map[string]Store{"folder": open(filepath.Join(t.TempDir(), "x")), "bucket": open("s3://backups/of/glint/"), "whole bucket": open("s3://backups")}
}

func TestFilesComeBackAsTheyWereStored(t *testing.T) {
	for name, store := range stores(t) {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			if all, err := store.List(ctx); err != nil || len(all) > 0 && name != "whole bucket" {
				t.Fatalf("at first: %v, %v", all, err)
			}
			large := bytes.Repeat([]byte("0123456789"), 300_000)
			contents := map[string][]byte{"a": {7}, "b/c d/é.gz": []byte("x"), "b/large.zst": large}
			for name, content := range contents {
				if err := store.Write(ctx, name, int64(len(content)), io.MultiReader(bytes.NewReader(content))); err != nil {
					t.Fatal(err)
				}
				if err := store.Put(ctx, name, content); err != nil {
					t.Fatalf("again: %v", err)
				}
			}
			all, err := store.List(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for name, content := range contents {
				if !slices.ContainsFunc(all, func(o Object) bool { return o.Name == name && o.Size == int64(len(content)) }) {
					t.Errorf("%s is not in the list %v", name, all)
				}
				r, err := store.Open(ctx, name)
				if err != nil {
					t.Fatal(err)
				}
				if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, content) {
					t.Errorf("%s: %d bytes came back, %v", name, len(got), err)
				}
				_ = r.Close()
			}
			for range 2 {
				if err := store.Remove(ctx, "b/c d/é.gz"); err != nil {
					t.Error(err)
				}
			}
			if got, err := readAll(ctx, store, "b/c d/é.gz"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("of a removed file: %q, %v", got, err)
			}
		})
	}
}

func readAll(ctx context.Context, store Store, name string) ([]byte, error) {
	r, err := store.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	return io.ReadAll(r)
}

func TestAReaderOfAnotherSizeStoresNothing(t *testing.T) {
	for name, store := range stores(t) {
		t.Run(name, func(t *testing.T) {
			for _, size := range []int64{2, 4} {
				err := store.Write(t.Context(), "f", size, strings.NewReader("abc"))
				if !errors.Is(err, ErrSize) {
					t.Errorf("size %d: %v", size, err)
				}
				if got, err := readAll(t.Context(), store, "f"); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("size %d: %q was stored, %v", size, got, err)
				}
			}
		})
	}
}

func TestErrorsOfABucketNameNoSecret(t *testing.T) {
	store := stores(t)["bucket"].(*Bucket)
	store.bucket = "missing"
	_, err := store.List(t.Context())
	if err == nil || strings.Contains(err.Error(), "the-") || strings.Contains(err.Error(), "127.0.0.1") {
		t.Errorf("%v", err)
	}
}

func TestFilesAreForTheirOwnerOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "x")
	if err := Folder(dir).Put(t.Context(), "y/z", []byte("secret")); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]fs.FileMode{dir: 0o700, dir + "/y": 0o700, dir + "/y/z": 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	if err := Folder(dir).Remove(t.Context(), "y/z"); err != nil {
		t.Error(err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("%v are left, %v", entries, err)
	}
}

func TestUnusableTargets(t *testing.T) {
	for _, target := range []Target{
		{Place: "s3://"},
		{Place: "s3:///x"},
		{Place: "s3://a@b/c"},
		{Place: "gs://b"},
		{Place: "s3://b", Endpoint: "b.example"},
		{Place: "s3://b"}, // without a key
	} {
		target.Getenv = func(string) string { return "" }
		if _, err := target.Open(); !errors.Is(err, ErrTarget) {
			t.Errorf("%+v: %v", target.Place, err)
		}
	}
}
