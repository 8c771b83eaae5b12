package home

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"glint/ingest/durable"
)

// The names of the warehouse's users. The first one is the views' definer, so
// it never changes.
const (
	WarehouseUser = "glint"
	ReaderUser    = "reader"
)

// Credentials are the secrets of an instance. They stand in one file of
// KEY=value lines, for its owner only.
type Credentials struct {
	IngestToken       string // GLINT_INGEST_TOKEN: bearer token of POST /v1/logs
	SQLUser           string // GLINT_SQL_USER: may read the views
	SQLPassword       string // GLINT_SQL_PASSWORD
	WarehouseUser     string // GLINT_WAREHOUSE_USER: owns the database
	WarehousePassword string // GLINT_WAREHOUSE_PASSWORD
}

func (c *Credentials) fields() []struct {
	name  string
	value *string
} {
	return []struct {
		name  string
		value *string
	}{
		{"GLINT_INGEST_TOKEN", &c.IngestToken},
		{"GLINT_SQL_USER", &c.SQLUser},
		{"GLINT_SQL_PASSWORD", &c.SQLPassword},
		{"GLINT_WAREHOUSE_USER", &c.WarehouseUser},
		{"GLINT_WAREHOUSE_PASSWORD", &c.WarehousePassword},
	}
}

// ErrNoCredentials is returned by ReadCredentials where there is no file yet.
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
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), "=")
		for _, f := range c.fields() {
			if f.name == strings.TrimSpace(name) {
				*f.value = strings.TrimSpace(value)
			}
		}
	}
	return c, lines.Err()
}

// Credentials returns the instance's secrets. What is missing in the file is
// made and kept.
func (h Home) Credentials() (Credentials, error) {
	c, err := ReadCredentials(h.CredentialsFile())
	if err != nil && !errors.Is(err, ErrNoCredentials) {
		return c, err
	}
	before := c
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
	if c == before {
		return c, nil
	}
	var b strings.Builder
	b.WriteString("# glint's credentials. Whoever reads this file reads your campaigns.\n")
	for _, f := range c.fields() {
		fmt.Fprintf(&b, "%s=%s\n", f.name, *f.value)
	}
	if err := durable.WriteFile(h.CredentialsFile(), []byte(b.String())); err != nil {
		return c, fmt.Errorf("keep credentials: %w", err)
	}
	return c, nil
}
