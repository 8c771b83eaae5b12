// Package user is `glint user`: it adds, lists and removes users who read the warehouse.
package user

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/home"
	"glint/cli/internal/output"
	"glint/cli/internal/service"
	"glint/ingest/warehouse"
)

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command {
	return app.Group(&cobra.Command{
		Use:   "user",
		Short: "Add, list and remove users who read the warehouse",
		Long: `Users read views with SQL: over HTTP, with glint sql --user NAME, or with any ClickHouse client. No user can write.

  viewer    campaigns and totals, like the read-only user of credentials.env
  analyst   also a row for each message and event, without recipients, addresses or keys
  owner     also recipients

The embedded warehouse reads its users when it starts: a running glint restarts it within two seconds, and accepts opens
and log lines meanwhile. For your own ClickHouse, glint user add --sql prints the statements.`,
		Example: "  glint user add ann --role analyst\n  glint user list",
	}, newAddCmd(a), newListCmd(a), newRemoveCmd(a))
}

type addOptions struct {
	app         *app.App
	role        string
	sql, dryRun bool
}

func newAddCmd(a *app.App) *cobra.Command {
	o := &addOptions{app: a}
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Give a person read access to the warehouse",
		Long: "Creates a user with a new password and stores both in $GLINT_HOME/users/NAME.env, readable by its owner only: give the\n" +
			"file to the user. It returns once the user can read. With --sql it prints the statements that create such a user on\n" +
			"your own ClickHouse, including the password, and stores nothing.",
		Example: "  glint user add ann --role analyst\n  glint user add grafana\n  glint user add ann --sql",
		Args:    app.OneArg("name"),
	}
	role := app.ChoiceFlag(cmd, "role", "role of the user", home.Roles...)
	cmd.Flags().BoolVar(&o.sql, "sql", false, "print statements for your own ClickHouse, and store nothing")
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "print what would be added, and change nothing")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o.role = role.String()
		return o.run(cmd, args[0])
	}
	return cmd
}

func (o *addOptions) run(cmd *cobra.Command, name string) error {
	a := o.app
	u, err := a.Home.NewUser(name, o.role)
	switch {
	case errors.Is(err, home.ErrUserName):
		return app.UsageOf(cmd, err)
	case errors.Is(err, home.ErrUserExists):
		return app.Try(err, "glint user remove "+name)
	case err != nil:
		return err
	case o.sql:
		return o.print(u)
	case o.dryRun:
		fmt.Fprintf(a.Err, "user %s would be added as %s; nothing was changed (--dry-run)\n", name, o.role)
		return nil
	}
	state, err := a.Home.ReadState()
	running := err == nil
	if running && state.Warehouse == "" && !state.Starting {
		return app.Try(errors.New("the running glint uses a ClickHouse of yours"), "glint user add "+name+" --role "+o.role+" --sql")
	}
	if err := a.Home.KeepUser(u); err != nil {
		return err
	}
	fmt.Fprintf(a.Err, "added user %s as %s; name and password are in %s\n", name, o.role, a.Home.UserFile(name))
	if !running {
		fmt.Fprintln(a.Err, "note: no glint runs here; the user can read from its next start on")
		return nil
	}
	return await(cmd.Context(), state.Warehouse, u, nil)
}

// patience is the maximum wait for a restart of the embedded warehouse.
const patience = time.Minute

// await returns once the user reads can sign in, and the user not, unless it is nil, cannot.
func await(ctx context.Context, address string, reads home.User, not *home.User) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		if (not == nil || !canRead(ctx, address, *not)) && canRead(ctx, address, reads) {
			return nil
		}
		select {
		case <-ctx.Done():
			return app.Try(errors.New("the embedded warehouse has not restarted with its new users yet"), "glint up again")
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func canRead(ctx context.Context, address string, u home.User) bool {
	at, err := url.Parse(address)
	if err != nil {
		return false
	}
	at.User = url.UserPassword(u.Name, u.Password)
	w, err := warehouse.Connect(ctx, at.String())
	return err == nil && w.Close() == nil
}

// print prints the statements that create the user on another ClickHouse.
func (o *addOptions) print(u home.User) error {
	w := o.app.Out
	fmt.Fprintf(w, "CREATE USER %s IDENTIFIED WITH sha256_password BY '%s'\n    SETTINGS readonly = 1, max_execution_time = 30, max_memory_usage = 2000000000;\n", u.Name, u.Password)
	for _, view := range service.ViewsOf(u.Role) {
		if _, err := fmt.Fprintf(w, "GRANT SELECT ON glint.%s TO %s;\n", view, u.Name); err != nil {
			return err
		}
	}
	return nil
}

// listed is a user as list prints it.
type listed struct {
	User string `json:"user"`
	Role string `json:"role"`
	File string `json:"file"`
}

func newListCmd(a *app.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the users who read the warehouse",
		Long:    "Lists the users of $GLINT_HOME/users, without their passwords. It changes nothing.",
		Example: "  glint user list\n  glint user list --format json",
		Args:    app.NoArgs,
	}
	format := app.ChoiceFlag(cmd, "format", "output format", "table", "json")
	cmd.RunE = func(*cobra.Command, []string) error {
		users, err := a.Home.Users()
		if err != nil {
			return err
		}
		all := make([]listed, len(users))
		for i, u := range users {
			all[i] = listed{u.Name, u.Role, a.Home.UserFile(u.Name)}
		}
		return output.WriteRows(a.Out, format.String(), all)
	}
	return cmd
}

func newRemoveCmd(a *app.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "remove NAME",
		Short: "Withdraw a person's read access",
		Long: "Removes the user's file. A running glint's embedded warehouse restarts without the user within two seconds. The command\n" +
			"returns once the user can no longer read.",
		Example: "  glint user remove ann",
		Args:    app.OneArg("name"),
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		u, err := a.Home.User(args[0])
		if err == nil || !errors.Is(err, home.ErrNoUser) { // a damaged file is removed, too
			err = a.Home.RemoveUser(args[0])
		}
		if errors.Is(err, home.ErrNoUser) {
			return app.Try(err, "glint user list")
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(a.Err, "removed user %s\n", args[0])
		state, err := a.Home.ReadState()
		if err != nil || state.Warehouse == "" {
			return nil //nolint:nilerr // no glint runs, so none has to restart
		}
		c, err := home.ReadCredentials(state.Credentials)
		if err != nil {
			return err
		}
		return await(cmd.Context(), state.Warehouse, home.User{Name: c.SQLUser, Password: c.SQLPassword}, &u)
	}
	return cmd
}
