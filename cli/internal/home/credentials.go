package home

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"glint/ingest/host/atomicfile"
)

// The names of the warehouse's users. The first one is the views' definer, so
// it never changes.
const (
	WarehouseUser = "glint"
	ReaderUser    = "reader"
)

// Credentials are the secrets of an instance, in one file of KEY=value lines
// for its owner only.
type Credentials struct {
	IngestToken       string // GLINT_INGEST_TOKEN: bearer token of POST /v1/logs
	SQLUser           string // GLINT_SQL_USER: may read the views
	SQLPassword       string // GLINT_SQL_PASSWORD
	WarehouseUser     string // GLINT_WAREHOUSE_USER: owns the database
	WarehousePassword string // GLINT_WAREHOUSE_PASSWORD
}

func (c *Credentials) fields() []secret {
	return []secret{
		{"GLINT_INGEST_TOKEN", &c.IngestToken},
		{"GLINT_SQL_USER", &c.SQLUser},
		{"GLINT_SQL_PASSWORD", &c.SQLPassword},
		{"GLINT_WAREHOUSE_USER", &c.WarehouseUser},
		{"GLINT_WAREHOUSE_PASSWORD", &c.WarehousePassword},
	}
}

// ErrNoCredentials is returned by ReadCredentials if the file does not exist
// yet.
var ErrNoCredentials = errors.New("home: no credentials yet")

// ReadCredentials reads the file at path. A missing value stays empty.
func ReadCredentials(path string) (Credentials, error) {
	var c Credentials
	text, err := readPrivate(path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, ErrNoCredentials
	}
	if err != nil {
		return c, fmt.Errorf("read credentials: %w", err)
	}
	readSecrets(text, c.fields())
	return c, nil
}

// secret is a value of a file of KEY=value lines.
type secret struct {
	name  string
	value *string
}

// readSecrets sets the secrets found in text. Others stay unchanged.
func readSecrets(text string, secrets []secret) {
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(line, "=")
		for _, s := range secrets {
			if s.name == strings.TrimSpace(name) {
				*s.value = strings.TrimSpace(value)
			}
		}
	}
}

// LostError means that the secrets of a home that was in use are missing.
type LostError struct {
	File    string
	Missing []string // names of the values
}

func (e *LostError) Error() string {
	return fmt.Sprintf("%s lacks %s, and this home has been in use: with new ones every client is refused",
		e.File, strings.Join(e.Missing, ", "))
}

// Unwrap returns ErrNoCredentials.
func (e *LostError) Unwrap() error { return ErrNoCredentials }

// Hint returns advice.
func (e *LostError) Hint() string {
	return "restore the file from a backup; or make new secrets with --new-credentials, and give them to every client"
}

// Credentials returns the instance's secrets. If the home was never in use, or
// renew is set, it creates and stores the missing ones. Otherwise it returns a
// *LostError for them.
func (h Home) Credentials(renew bool) (Credentials, error) {
	c, err := ReadCredentials(h.CredentialsFile())
	if err != nil && !errors.Is(err, ErrNoCredentials) {
		return c, err
	}
	var missing []string
	for _, f := range c.fields() {
		if *f.value == "" {
			missing = append(missing, f.name)
		}
	}
	if len(missing) == 0 {
		return c, nil
	}
	if !renew && h.InUse() {
		return c, &LostError{h.CredentialsFile(), missing}
	}
	for _, f := range c.fields() {
		if *f.value == "" {
			*f.value = rand.Text()
			switch f.value {
			case &c.SQLUser:
				*f.value = ReaderUser
			case &c.WarehouseUser:
				*f.value = WarehouseUser
			}
		}
	}
	var b strings.Builder
	b.WriteString("# glint's credentials. A reader of this file can read your campaigns.\n")
	for _, f := range c.fields() {
		fmt.Fprintf(&b, "%s=%s\n", f.name, *f.value)
	}
	if err := atomicfile.WriteFile(h.CredentialsFile(), []byte(b.String())); err != nil {
		return c, fmt.Errorf("keep credentials: %w", err)
	}
	return c, nil
}

// InUse reports whether a service has used this home: its log has a lane, or
// its engine has data. Both are created after the credentials.
func (h Home) InUse() bool {
	for _, dir := range []string{h.path("log", "live"), h.WarehouseDir()} {
		if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
			return true
		}
	}
	return false
}
