package home

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"glint/ingest/host/atomicfile"
)

// User may read views of the warehouse. Each user has a file of KEY=value
// lines, for its owner only, which can be given to that person.
type User struct {
	Name     string // GLINT_SQL_USER
	Password string // GLINT_SQL_PASSWORD
	Role     string // GLINT_SQL_ROLE: viewer, analyst or owner
}

// Roles lists the roles, the one with the fewest rights first.
var Roles = []string{"viewer", "analyst", "owner"}

// The errors about users.
var (
	ErrNoUser     = errors.New("home: there is no such user")
	ErrUserExists = errors.New("home: there is such a user already")
	ErrUserName   = errors.New("home: a user's name is [a-z][a-z0-9_]*, at most 63 characters, and none of glint's own")
)

var userName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)

// CheckUserName returns ErrUserName for an invalid name.
func CheckUserName(name string) error {
	if !userName.MatchString(name) || slices.Contains([]string{WarehouseUser, ReaderUser, "default"}, name) {
		return ErrUserName
	}
	return nil
}

func (h Home) userFile(name string) string { return filepath.Join(h.UsersDir(), name+".env") }

// UserFile returns the file with a user's name and password.
func (h Home) UserFile(name string) string { return h.userFile(name) }

// User returns a user, or ErrNoUser.
func (h Home) User(name string) (User, error) {
	var u User
	if CheckUserName(name) != nil {
		return u, ErrNoUser
	}
	text, err := readPrivate(h.userFile(name))
	if errors.Is(err, fs.ErrNotExist) {
		return u, ErrNoUser
	}
	if err != nil {
		return u, fmt.Errorf("read user: %w", err)
	}
	readSecrets(text, u.fields())
	if u.Name != name || u.Password == "" || !slices.Contains(Roles, u.Role) {
		return u, fmt.Errorf("%s is no file of a user", h.userFile(name))
	}
	return u, nil
}

func (u *User) fields() []secret {
	return []secret{{"GLINT_SQL_USER", &u.Name}, {"GLINT_SQL_PASSWORD", &u.Password}, {"GLINT_SQL_ROLE", &u.Role}}
}

// Users returns all users, by name.
func (h Home) Users() ([]User, error) {
	entries, err := os.ReadDir(h.UsersDir())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list users: %w", err)
	}
	users := []User{}
	for _, entry := range entries {
		name, ok := strings.CutSuffix(entry.Name(), ".env")
		if !ok || CheckUserName(name) != nil {
			continue
		}
		user, err := h.User(name)
		if err != nil && !errors.Is(err, ErrNoUser) { // removed meanwhile
			return nil, err
		}
		if err == nil {
			users = append(users, user)
		}
	}
	return users, nil
}

// NewUser returns a user with a new password, to be stored by KeepUser. Errors:
// ErrUserName, ErrUserExists.
func (h Home) NewUser(name, role string) (User, error) {
	if err := CheckUserName(name); err != nil {
		return User{}, err
	}
	if _, err := h.User(name); !errors.Is(err, ErrNoUser) {
		if err == nil {
			err = ErrUserExists
		}
		return User{}, err
	}
	return User{Name: name, Password: rand.Text(), Role: role}, nil
}

// KeepUser writes the file of a user.
func (h Home) KeepUser(u User) error {
	if err := h.Make(); err != nil {
		return err
	}
	var b strings.Builder
	for _, f := range u.fields() {
		fmt.Fprintf(&b, "%s=%s\n", f.name, *f.value)
	}
	if err := atomicfile.WriteFile(h.userFile(u.Name), []byte(b.String())); err != nil {
		return fmt.Errorf("keep user: %w", err)
	}
	return nil
}

// RemoveUser removes the file of a user, or returns ErrNoUser.
func (h Home) RemoveUser(name string) error {
	if _, err := h.User(name); errors.Is(err, ErrNoUser) {
		return err
	}
	if err := os.Remove(h.userFile(name)); err != nil {
		return fmt.Errorf("remove user: %w", err)
	}
	return nil
}
