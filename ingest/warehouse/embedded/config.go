package embedded

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// Database is the database that exists when Start returns; it is every user's
// default.
const Database = "glint"

// reservedUser is the user of the engine's own session; it has no password.
const reservedUser = "default"

// The defaults of Config.
const (
	DefaultLockWait         = 15 * time.Second
	DefaultStartTimeout     = 2 * time.Minute
	DefaultMaxBodyBytes     = 256 << 20
	DefaultMaxBufferedBytes = 1 << 30
)

// minMemoryBytes is the smallest limit at which merges and inserts still work.
const minMemoryBytes = 512 << 20

// User may log in to the engine.
type User struct {
	// Name is [a-z][a-z0-9_]*, at most 63 characters.
	Name string
	// Password is never empty.
	Password string
	// ReadOnlyViews are the views of the database glint that the user may read.
	// They need not exist yet. Nil (not just empty) makes this the warehouse
	// user, which has all rights in glint and may kill queries. It is the
	// DEFINER of the views, so its name must never change.
	ReadOnlyViews []string
}

func (u User) isWarehouse() bool { return u.ReadOnlyViews == nil }

// Config configures the engine and its users. Zero fields get their defaults
// where one is named.
type Config struct {
	Library string // path of libchdb.so
	DataDir string // tables; created with mode 0700
	RunDir  string // rendered configuration and logs; created with mode 0700
	Listen  string // public address, host:port; port 0 takes a free one
	Users   []User // exactly one warehouse user, any number of read-only ones

	// MaxMemoryBytes is the memory limit of the whole engine; 0: half of the
	// memory of the machine or control group, at least 1 GiB.
	MaxMemoryBytes uint64
	// LockWait is the time for which Start waits for the data directory; 0:
	// DefaultLockWait; negative: it does not wait.
	LockWait time.Duration
	// StartTimeout is the limit for one start of the engine; 0:
	// DefaultStartTimeout.
	StartTimeout time.Duration
	// MaxBodyBytes is the largest request body; 0: DefaultMaxBodyBytes.
	MaxBodyBytes int64
	// MaxBufferedBytes is the limit for all request bodies in memory; 0:
	// DefaultMaxBufferedBytes.
	MaxBufferedBytes int64
	// Logger gets starts, restarts and stops; nil discards them.
	Logger *slog.Logger

	isolations []isolation // other ways to isolate the engine, for tests
}

// identifier is safe as an XML element and as an unquoted SQL identifier.
var identifier = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)

// Validate returns all faults of the configuration in one error. It reads no
// files.
func (c Config) Validate() error {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("embedded: "+format, args...))
	}
	for _, path := range []struct{ key, value string }{
		{"library", c.Library},
		{"data directory", c.DataDir},
		{"run directory", c.RunDir},
	} {
		if path.value == "" {
			fault("%s is not set", path.key)
		}
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		fault("listen address %q is not host:port", c.Listen)
	}
	if c.MaxMemoryBytes != 0 && c.MaxMemoryBytes < minMemoryBytes {
		fault("memory limit %d is below %d bytes", c.MaxMemoryBytes, minMemoryBytes)
	}
	if c.MaxBodyBytes < 0 || c.MaxBufferedBytes < 0 || c.StartTimeout < 0 {
		fault("a limit is negative")
	}
	if c.MaxBufferedBytes != 0 && c.MaxBufferedBytes < cmp.Or(c.MaxBodyBytes, DefaultMaxBodyBytes) {
		fault("the limit of %d bytes for all bodies is below that of one", c.MaxBufferedBytes)
	}
	faults = append(faults, c.validateUsers()...)
	return errors.Join(faults...)
}

func (c Config) validateUsers() []error {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("embedded: "+format, args...))
	}
	seen := map[string]bool{}
	warehouses := 0
	for _, user := range c.Users {
		switch {
		case !identifier.MatchString(user.Name):
			fault("user name %q is not [a-z][a-z0-9_]*", user.Name)
		case user.Name == reservedUser:
			fault("user name %q is reserved", user.Name)
		case seen[user.Name]:
			fault("user %q is there twice", user.Name)
		}
		seen[user.Name] = true
		if user.Password == "" {
			fault("user %q has no password", user.Name)
		}
		if user.isWarehouse() {
			warehouses++
		}
		for _, view := range user.ReadOnlyViews {
			if !identifier.MatchString(view) {
				fault("view name %q of user %q is not [a-z][a-z0-9_]*", view, user.Name)
			}
		}
	}
	if warehouses != 1 {
		fault("there are %d warehouse users instead of one", warehouses)
	}
	return faults
}

// withDefaults returns the configuration with every default filled in and every path absolute.
func (c Config) withDefaults() (Config, error) {
	for _, path := range []*string{&c.Library, &c.DataDir, &c.RunDir} {
		absolute, err := filepath.Abs(*path)
		if err != nil {
			return c, fmt.Errorf("embedded: resolve %s: %w", *path, err)
		}
		*path = absolute
	}
	if c.MaxMemoryBytes == 0 {
		c.MaxMemoryBytes = defaultMemoryBytes(os.DirFS("/"))
	}
	if c.LockWait == 0 {
		c.LockWait = DefaultLockWait
	}
	if c.StartTimeout == 0 {
		c.StartTimeout = DefaultStartTimeout
	}
	if c.MaxBodyBytes == 0 {
		c.MaxBodyBytes = DefaultMaxBodyBytes
	}
	if c.MaxBufferedBytes == 0 {
		c.MaxBufferedBytes = DefaultMaxBufferedBytes
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

func (c Config) warehouseUser() User {
	for _, user := range c.Users {
		if user.isWarehouse() {
			return user
		}
	}
	return User{}
}
