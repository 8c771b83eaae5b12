package archiver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"glint/ingest/host/atomicfile"
)

// Store keeps the files of an archive.
type Store interface {
	// Put stores a file under a name with slashes. It is whole when it appears; the
	// same file again changes nothing.
	Put(ctx context.Context, name string, content []byte) error
}

// Folder is a Store on this machine.
type Folder string

// Put implements Store.
func (f Folder) Put(_ context.Context, name string, content []byte) error {
	path := filepath.Join(string(f), filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("store %s: %w", name, err)
	}
	if err := atomicfile.WriteFile(path, content); err != nil {
		return fmt.Errorf("store %s: %w", name, err)
	}
	return nil
}

// Target is where an archive is kept.
type Target struct {
	Place    string // a folder, or s3://BUCKET/PREFIX; "": there is no archive
	Endpoint string // of the bucket, with its scheme; "": Amazon's
	Region   string
	// Getenv reads the environment, where AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and
	// AWS_SESSION_TOKEN, or AWS_SHARED_CREDENTIALS_FILE and AWS_PROFILE, are the key. No
	// metadata service is asked.
	Getenv func(string) string
}

// ErrTarget is wrapped by the faults of a Target.
var ErrTarget = errors.New("archive")

// Open returns the target's Store. Nothing is asked yet.
func (t *Target) Open() (Editor, error) {
	rest, ok := strings.CutPrefix(t.Place, "s3://")
	if !ok {
		if strings.Contains(t.Place, "://") {
			return nil, fmt.Errorf("%w: want a folder or s3://BUCKET/PREFIX", ErrTarget)
		}
		path, err := filepath.Abs(t.Place)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrTarget, err)
		}
		return Folder(path), nil
	}
	bucket, prefix, _ := strings.Cut(rest, "/")
	if bucket == "" || strings.ContainsAny(rest, "@?#") {
		return nil, fmt.Errorf("%w: want s3://BUCKET/PREFIX; the key comes from the environment", ErrTarget)
	}
	host, secure := "s3.amazonaws.com", true
	if t.Endpoint != "" {
		u, err := url.Parse(t.Endpoint)
		if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
			return nil, fmt.Errorf("%w: the endpoint is no URL like https://s3.example.com", ErrTarget)
		}
		host, secure = u.Host, u.Scheme == "https"
	}
	key, err := t.credentials()
	if err != nil {
		return nil, err
	}
	client, err := minio.New(host, &minio.Options{Creds: key, Secure: secure, Region: t.Region})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTarget, err)
	}
	return &Bucket{client: client, bucket: bucket, prefix: strings.Trim(prefix, "/")}, nil
}

func (t *Target) credentials() (*credentials.Credentials, error) {
	if id, secret := t.Getenv("AWS_ACCESS_KEY_ID"), t.Getenv("AWS_SECRET_ACCESS_KEY"); id != "" && secret != "" {
		return credentials.NewStaticV4(id, secret, t.Getenv("AWS_SESSION_TOKEN")), nil
	}
	if file := t.Getenv("AWS_SHARED_CREDENTIALS_FILE"); file != "" {
		return credentials.NewFileAWSCredentials(file, t.Getenv("AWS_PROFILE")), nil
	}
	return nil, fmt.Errorf("%w: a bucket needs $AWS_ACCESS_KEY_ID and $AWS_SECRET_ACCESS_KEY, or $AWS_SHARED_CREDENTIALS_FILE", ErrTarget)
}

// Bucket is a Store in S3, or what speaks its protocol.
type Bucket struct {
	client         *minio.Client
	bucket, prefix string
}

// Put implements Store. An error names neither the key nor the address.
func (b *Bucket) Put(ctx context.Context, name string, content []byte) error {
	_, err := b.client.PutObject(ctx, b.bucket, b.key(name), bytes.NewReader(content), int64(len(content)),
		minio.PutObjectOptions{ContentType: "application/gzip", DisableMultipart: len(content) < maxSinglePut})
	if err != nil {
		return fault(ctx, "store "+name, err)
	}
	return nil
}

// maxSinglePut is the largest object of one request, below S3's 5 GiB.
const maxSinglePut = 1 << 30
