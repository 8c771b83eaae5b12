// Package objects stores files under names with slashes, in a local folder or
// in a bucket of S3 or a compatible service. Archives of lines and backups use
// it.
//
// Files appear atomically. The package neither locks nor retries, and errors
// contain neither the key nor the address of a bucket.
package objects

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"glint/ingest/host/atomicfile"
)

// Object is a stored file.
type Object struct {
	Name    string // with slashes, relative to the place
	Size    int64  // bytes
	Version string // changes with the content (a bucket's entity tag); "": unknown
}

// Store stores files. It is safe for concurrent use.
type Store interface {
	// Put stores a file, readable for its owner only. The file appears
	// atomically and is on disk when Put returns; the same file again changes
	// nothing.
	Put(ctx context.Context, name string, content []byte) error
	// Write is Put for size bytes of a reader, which must have exactly that
	// many: at least one, since not every S3 service accepts empty files.
	Write(ctx context.Context, name string, size int64, content io.Reader) error
	// Open returns the content of a file. The caller closes it. For a missing
	// file an error wraps fs.ErrNotExist, here or at the first Read.
	Open(ctx context.Context, name string) (io.ReadCloser, error)
	// List returns all files, unsorted; an empty list if the place does not
	// exist.
	List(ctx context.Context) ([]Object, error)
	// Remove removes a file. A missing file is not an error.
	Remove(ctx context.Context, name string) error
}

// ErrSize is wrapped by Write's error about a reader with more or fewer bytes
// than size.
var ErrSize = errors.New("objects: the content has another size")

// Folder is a Store on this machine.
type Folder string

func (f Folder) path(name string) string { return filepath.Join(string(f), filepath.FromSlash(name)) }

// Put implements Store.
func (f Folder) Put(ctx context.Context, name string, content []byte) error {
	return f.Write(ctx, name, int64(len(content)), bytes.NewReader(content))
}

// Write implements Store.
func (f Folder) Write(_ context.Context, name string, size int64, content io.Reader) error {
	path := f.path(name)
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err == nil {
		err = atomicfile.Write(path, func(w io.Writer) error {
			n, err := io.Copy(w, content)
			if err == nil && n != size {
				err = ErrSize
			}
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("store %s: %w", name, err)
	}
	return nil
}

// Open implements Store.
func (f Folder) Open(_ context.Context, name string) (io.ReadCloser, error) {
	file, err := os.Open(f.path(name))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return file, nil
}

// List implements Store.
func (f Folder) List(ctx context.Context) (all []Object, err error) {
	err = filepath.WalkDir(string(f), func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(string(f), path)
		all = append(all, Object{Name: filepath.ToSlash(name), Size: info.Size()})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", string(f), err)
	}
	return all, nil
}

// Remove implements Store. It also removes folders that become empty.
func (f Folder) Remove(_ context.Context, name string) error {
	path := f.path(name)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove %s: %w", name, err)
	}
	dir := filepath.Dir(path)
	for strings.HasPrefix(dir, string(f)+string(filepath.Separator)) && os.Remove(dir) == nil { // until one holds others
		dir = filepath.Dir(dir)
	}
	return nil
}

// Target is a place for files.
type Target struct {
	Place    string // a folder, or s3://BUCKET/PREFIX
	Endpoint string // of the bucket, with scheme; "": Amazon's
	Region   string
	// Getenv reads the environment. The key is in AWS_ACCESS_KEY_ID,
	// AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or in the file of
	// AWS_SHARED_CREDENTIALS_FILE and AWS_PROFILE. No metadata service is used.
	Getenv func(string) string
}

// ErrTarget is wrapped by the faults of a Target.
var ErrTarget = errors.New("folder or bucket")

// Open returns the target's Store. It makes no requests.
func (t *Target) Open() (Store, error) {
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

// Bucket is a Store in S3 or a compatible service.
type Bucket struct {
	client         *minio.Client
	bucket, prefix string
}

// contentTypes are the content types of glint's files, by extension.
var contentTypes = map[string]string{".gz": "application/gzip", ".zst": "application/zstd", ".jsonl": "application/jsonl"}

// Put implements Store.
func (b *Bucket) Put(ctx context.Context, name string, content []byte) error {
	return b.Write(ctx, name, int64(len(content)), bytes.NewReader(content))
}

// Write implements Store.
func (b *Bucket) Write(ctx context.Context, name string, size int64, content io.Reader) error {
	options := minio.PutObjectOptions{ContentType: contentTypes[filepath.Ext(name)], SendContentMd5: true}
	if options.ContentType == "" {
		options.ContentType = "application/octet-stream"
	}
	if size < maxSinglePut { // buffered, so that it can be retried
		whole, err := io.ReadAll(io.LimitReader(content, size+1))
		if err == nil && int64(len(whole)) != size {
			err = ErrSize
		}
		if err != nil {
			return fmt.Errorf("store %s: %w", name, err)
		}
		content, options.DisableMultipart = bytes.NewReader(whole), true
	}
	info, err := b.client.PutObject(ctx, b.bucket, b.key(name), content, size, options)
	if err == nil && info.Size != size {
		err = ErrSize
	}
	return b.fault(ctx, "store "+name, err)
}

func (b *Bucket) key(name string) string {
	if b.prefix == "" {
		return name
	}
	return b.prefix + "/" + name
}

// fault returns the bucket's error, without the key and the address.
func (b *Bucket) fault(ctx context.Context, what string, err error) error {
	switch answer := minio.ToErrorResponse(err); {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, ErrSize), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%s: %w", what, ErrSize)
	case answer.Code == minio.NoSuchKey:
		return fmt.Errorf("%s: %w", what, fs.ErrNotExist)
	case answer.Code != "":
		return fmt.Errorf("%s: the bucket answered %s", what, answer.Code)
	}
	return fmt.Errorf("%s: the bucket does not answer", what)
}

// Open implements Store.
func (b *Bucket) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	object, err := b.client.GetObject(ctx, b.bucket, b.key(name), minio.GetObjectOptions{})
	if err != nil {
		return nil, b.fault(ctx, "read "+name, err)
	}
	return &bucketReader{object, b, ctx, name}, nil
}

// bucketReader removes addresses from errors.
type bucketReader struct {
	*minio.Object
	bucket *Bucket
	ctx    context.Context
	name   string
}

func (r *bucketReader) Read(p []byte) (int, error) {
	n, err := r.Object.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = r.bucket.fault(r.ctx, "read "+r.name, err)
	}
	return n, err
}

// List implements Store.
func (b *Bucket) List(ctx context.Context) (all []Object, err error) {
	prefix := b.key("")
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the listing after an error
	for o := range b.client.ListObjects(ctx, b.bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
		if o.Err != nil {
			return nil, b.fault(ctx, "list the bucket", o.Err)
		}
		all = append(all, Object{Name: strings.TrimPrefix(o.Key, prefix), Size: o.Size, Version: strings.Trim(o.ETag, `"`)})
	}
	return all, ctx.Err()
}

// Remove implements Store.
func (b *Bucket) Remove(ctx context.Context, name string) error {
	return b.fault(ctx, "remove "+name, b.client.RemoveObject(ctx, b.bucket, b.key(name), minio.RemoveObjectOptions{}))
}

// maxSinglePut is the size from which a file is sent in several requests.
const maxSinglePut = 64 << 20
