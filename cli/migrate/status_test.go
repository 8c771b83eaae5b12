package migrate

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"glint/cli/internal/app"
	"glint/schema/migrate"
)

// server has applied the first of two migrations, or both.
func server(applied int, change func(*migrate.Server)) migrate.Server {
	at := time.Date(2026, 11, 29, 17, 0, 0, 0, time.UTC)
	all := []migrate.Migration{{Version: 1, Name: "00001_campaigns"}, {Version: 2, Name: "00002_sends"}}
	for i := range applied {
		all[i].AppliedAt = at.Add(time.Duration(i) * time.Hour)
	}
	s := migrate.Server{Migrations: all}
	if change != nil {
		change(&s)
	}
	return s
}

func TestStatusOfServers(t *testing.T) {
	names := []string{"a:8123", "b:8123", "c:8123"}
	down := migrate.Server{Err: errors.New("dial tcp: http://glint:secret@c:8123: refused")}
	for name, c := range map[string]struct {
		servers []migrate.Server
		code    int
		want    string
	}{
		"one": {[]migrate.Server{server(2, nil)}, app.ExitDone, `
VERSION  NAME             STATE    APPLIED AT
      1  00001_campaigns  applied  2026-11-29 17:00:00 UTC
      2  00002_sends      applied  2026-11-29 18:00:00 UTC
`},
		"one, new": {[]migrate.Server{server(0, nil)}, app.ExitProblem, `
VERSION  NAME             STATE    APPLIED AT
      1  00001_campaigns  pending
      2  00002_sends      pending
`},
		"all well": {[]migrate.Server{server(2, nil), server(2, func(s *migrate.Server) { s.BehindSeconds = 10 })}, app.ExitDone, `
VERSION  NAME             STATE    APPLIED AT
      1  00001_campaigns  applied  2026-11-29 17:00:00 UTC
      2  00002_sends      applied  2026-11-29 18:00:00 UTC

SERVER  PENDING  STATE
a:8123        0  ready
b:8123        0  ready
`},
		"one lacks a migration, one is away": {[]migrate.Server{server(2, nil), server(1, nil), down}, app.ExitProblem, `
VERSION  NAME             STATE              APPLIED AT
      1  00001_campaigns  applied            2026-11-29 17:00:00 UTC
      2  00002_sends      pending on b:8123  2026-11-29 18:00:00 UTC

SERVER  PENDING  STATE
a:8123        0  ready
b:8123        1  ready
c:8123           cannot be queried
`},
		"the first is away": {[]migrate.Server{down, server(2, nil), server(2, nil)}, app.ExitProblem, `
VERSION  NAME             STATE    APPLIED AT
      1  00001_campaigns  applied  2026-11-29 17:00:00 UTC
      2  00002_sends      applied  2026-11-29 18:00:00 UTC

SERVER  PENDING  STATE
a:8123           cannot be queried
b:8123        0  ready
c:8123        0  ready
`},
		"no session, behind": {[]migrate.Server{
			server(2, func(s *migrate.Server) { s.ReadOnly, s.BehindSeconds = 1, 60 }), server(2, func(s *migrate.Server) { s.BehindSeconds = 65 }),
		}, app.ExitProblem, `
VERSION  NAME             STATE    APPLIED AT
      1  00001_campaigns  applied  2026-11-29 17:00:00 UTC
      2  00002_sends      applied  2026-11-29 18:00:00 UTC

SERVER  PENDING  STATE
a:8123        0  cannot be written: no session with Keeper
b:8123        0  1 min 5 s behind the others
`},
	} {
		var out, errs bytes.Buffer
		code := app.Report(&errs, writeStatus(&out, names[:len(c.servers)], c.servers))
		got := out.String()
		for strings.Contains(got, " \n") {
			got = strings.ReplaceAll(got, " \n", "\n")
		}
		if diff := cmp.Diff(c.want[1:], got); code != c.code || diff != "" {
			t.Errorf("%s: exit %d, want %d, %s%s", name, code, c.code, errs.String(), diff)
		}
		if strings.Contains(out.String()+errs.String(), "secret") {
			t.Errorf("%s: a password is printed", name)
		}
	}
}
