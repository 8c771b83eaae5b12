// Package app holds the environment of every command: streams, variables,
// home, access to the warehouse, and errors with exit codes.
package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"

	"github.com/spf13/cobra"

	"glint/cli/internal/home"
	"glint/ingest/warehouse"
)

// App is the environment of a command. Tests make their own.
type App struct {
	In      io.Reader
	Out     io.Writer // data only
	Err     io.Writer // progress, notes, errors
	Getenv  func(string) string
	Home    home.Home
	Version string

	logs io.Writer // of services; nil: Err
}

// BeQuiet suppresses the output on stderr, except errors and a service's log, and
// all questions.
func (a *App) BeQuiet() {
	if a.logs == nil {
		a.logs, a.Err = a.Err, io.Discard
	}
}

// Access is the user as whom a command signs in to the warehouse.
type Access int

// The two users of a warehouse.
const (
	ReadViews Access = iota
	OwnDatabase
)

// WarehouseFlag adds --warehouse to a client command.
func WarehouseFlag(cmd *cobra.Command, dsn *string) {
	cmd.Flags().StringVar(dsn, "warehouse", "",
		"ClickHouse to use, as http://USER:PASSWORD@HOST:8123/glint; prefer $GLINT_WAREHOUSE (default: the running glint's)")
}

// OpenWarehouse connects to the ClickHouse at dsn or, if that is empty, to the
// running instance's.
func (a *App) OpenWarehouse(ctx context.Context, dsn string, as Access) (*warehouse.Warehouse, error) {
	return a.OpenWarehouseAs(ctx, dsn, "", as)
}

// UserFlag adds --user to a command that reads views.
func UserFlag(cmd *cobra.Command, user *string) {
	cmd.Flags().StringVar(user, "user", "", "user of glint user add to read as")
}

// OpenWarehouseAs is OpenWarehouse, but as a user of `glint user add` if user
// is not empty.
func (a *App) OpenWarehouseAs(ctx context.Context, dsn, user string, as Access) (*warehouse.Warehouse, error) {
	if dsn == "" {
		var err error
		if dsn, err = a.RunningDSN(as); err != nil {
			return nil, err
		}
	}
	if user != "" {
		var err error
		if dsn, err = a.asUser(dsn, user); err != nil {
			return nil, err
		}
	}
	w, err := a.connect(ctx, dsn)
	if err != nil {
		return nil, err
	}
	for _, late := range w.Late(ctx) {
		if late.Matters() {
			fmt.Fprintln(a.Err, "warning: "+late.Text())
		}
	}
	return w, nil
}

func (a *App) connect(ctx context.Context, dsn string) (*warehouse.Warehouse, error) {
	w, err := warehouse.Connect(ctx, dsn)
	switch {
	case errors.Is(err, warehouse.ErrDSN):
		return nil, Usage(err)
	case errors.Is(err, warehouse.ErrShards):
		return nil, Try(err, "the address of a server of the first shard, and the cluster as it was when the tables were made")
	case err != nil:
		return nil, Try(err, "check that ClickHouse runs there, and that the address has its user, password and database")
	}
	return w, nil
}

// RunningDSN returns the address of the running instance's warehouse, with the
// user and password for that access.
func (a *App) RunningDSN(as Access) (string, error) {
	state, err := a.Running()
	if err != nil {
		return "", err
	}
	if state.Starting {
		return "", Try(errors.New("the running glint's warehouse cannot be used yet"), "curl "+state.Ingest+"/v1/status, which names what is missing")
	}
	if state.Warehouse == "" {
		return "", Try(errors.New("the running glint uses a ClickHouse of yours"), "--warehouse http://USER:PASSWORD@HOST:8123/glint")
	}
	c, err := home.ReadCredentials(state.Credentials)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(state.Warehouse)
	if err != nil {
		return "", err
	}
	u.User = url.UserPassword(c.SQLUser, c.SQLPassword)
	if as == OwnDatabase {
		u.User = url.UserPassword(c.WarehouseUser, c.WarehousePassword)
	}
	return u.String(), nil
}

// asUser returns the address with the name and password of a user of this home.
func (a *App) asUser(dsn, name string) (string, error) {
	user, err := a.Home.User(name)
	if errors.Is(err, home.ErrNoUser) {
		return "", Try(err, "glint user list")
	}
	if err != nil {
		return "", err
	}
	u, err := url.Parse(dsn)
	if err != nil || u.Host == "" {
		return "", Usage(warehouse.ErrDSN)
	}
	u.User = url.UserPassword(user.Name, user.Password)
	return u.String(), nil
}

// Logger returns a logger of JSON lines on stderr, with the minimum level
// debug, info, warn or error.
func (a *App) Logger(level string) *slog.Logger {
	var l slog.Level
	_ = l.UnmarshalText([]byte(level)) // the flag accepts no other names
	return slog.New(slog.NewJSONHandler(cmp.Or(a.logs, a.Err), &slog.HandlerOptions{Level: l}))
}

// Running returns the state of the running instance, or an error that explains
// how to start one.
func (a *App) Running() (home.State, error) {
	state, err := a.Home.ReadState()
	if errors.Is(err, home.ErrNotRunning) {
		return state, Try(errors.New("glint is not running"), "glint up")
	}
	return state, err
}
