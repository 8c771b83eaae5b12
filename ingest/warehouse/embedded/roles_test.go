package embedded

import (
	"database/sql"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"

	"glint/schema"
	"glint/schema/migrate"
)

const rolePassword = "a-password-of-the-tests"

// startWithRoles returns an engine with today's schema and a user of each role but the
// owner, and whose recipients are the content of the canaries.
func startWithRoles(t *testing.T, c *canaries) *Engine {
	t.Helper()
	engine := startEngine(t, t.TempDir(), func(cfg *Config) {
		cfg.Users = append(cfg.Users,
			User{Name: "vera", Password: rolePassword, ReadOnlyViews: schema.PublicViews()},
			User{Name: "ann", Password: rolePassword, ReadOnlyViews: schema.AnalystViews()})
	})
	at, err := url.Parse(engine.URL())
	if err != nil {
		t.Fatal(err)
	}
	db := clickhouse.OpenDB(&clickhouse.Options{
		Addr: []string{at.Host}, Protocol: clickhouse.HTTP,
		Auth: clickhouse.Auth{Database: "glint", Username: warehouseName, Password: warehousePassword},
	})
	defer func(db *sql.DB) { _ = db.Close() }(db)
	if _, err := migrate.Up(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		"INSERT INTO campaigns (campaign_id, name) VALUES (7, 'spring')",
		"INSERT INTO sends (campaign_id, message_id, recipient) SELECT 7, generateUUIDv4(), '" + c.content + "@example.com' FROM numbers(10)",
	} {
		must(t, engine, statement)
	}
	return engine
}

// TestNoRoleReachesFilesHostsOrRecipients is the walk as the roles that may not see
// recipients, through all views of today that they read.
func TestNoRoleReachesFilesHostsOrRecipients(t *testing.T) {
	c := setCanaries(t)
	engine := startWithRoles(t, c)
	if recipients := must(t, engine, "SELECT recipient FROM sends"); !c.readBy(recipients) {
		t.Fatalf("the warehouse has no canary: %s", recipients)
	}
	for _, role := range []struct {
		name, user string
		views      []string
	}{{"viewer", "vera", schema.PublicViews()}, {"analyst", "ann", schema.AnalystViews()}} {
		w := asClient(t, engine, role.name, role.user, rolePassword)
		for _, view := range schema.OwnerViews() {
			status, answer, err := w.send("SELECT * FROM glint."+view+" FORMAT JSONEachRow", nil)
			may := strings.Contains(" "+strings.Join(role.views, " ")+" ", " "+view+" ")
			if err != nil || may != (status == http.StatusOK) || c.readBy(answer) {
				t.Errorf("%s reads %s: %v, status %d, %s", role.name, view, err, status, answer)
			}
		}
		w.walkAll(t, c, statementsOf(t, engine, c, role.views), true)
	}
	if engine.Restarts() != 0 {
		t.Errorf("the engine was restarted %d times", engine.Restarts())
	}
}
