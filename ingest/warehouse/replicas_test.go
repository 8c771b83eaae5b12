package warehouse

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// replica answers with its errors in turn, and then without any.
type replica struct {
	driver.Conn
	fails  []error
	asked  int
	behind uint64 // reported delay in seconds
	mute   error  // returned in place of the delay
	looked int    // number of queries of the delay
}

func (r *replica) next() (err error) {
	r.asked++
	if len(r.fails) > 0 {
		err, r.fails = r.fails[0], r.fails[1:]
	}
	return err
}

func (r *replica) Ping(context.Context) error                                    { return r.next() }
func (r *replica) Exec(context.Context, string, ...any) error                    { return r.next() }
func (r *replica) InsertFormat(context.Context, string, string, io.Reader) error { return r.next() }
func (r *replica) Query(context.Context, string, ...any) (driver.Rows, error)    { return nil, r.next() }

func code(n int32) error { return &clickhouse.Exception{Code: n} }

// TestTheNextReplicaIsAskedWhenOneFails checks that a query is repeated at once and a
// statement by its caller, and that a fault of the statement itself keeps the replica.
func TestTheNextReplicaIsAskedWhenOneFails(t *testing.T) {
	network := errors.New("connection refused")
	for name, c := range map[string]struct {
		fails []error
		do    func(*replicas) error
		want  bool  // an error
		asked []int // of both, after a second call
	}{
		"question, network":      {[]error{network}, func(r *replicas) error { return r.Ping(t.Context()) }, false, []int{1, 2}},
		"question, no session":   {[]error{code(242)}, func(r *replicas) error { _, err := r.Query(t.Context(), ""); return err }, false, []int{1, 2}},
		"question, syntax":       {[]error{code(62)}, func(r *replicas) error { _, err := r.Query(t.Context(), ""); return err }, true, []int{2, 0}},
		"insert, unknown status": {[]error{code(319)}, func(r *replicas) error { return r.InsertFormat(t.Context(), "", "", nil) }, true, []int{1, 1}},
		"insert, too few":        {[]error{code(285)}, func(r *replicas) error { return r.InsertFormat(t.Context(), "", "", nil) }, true, []int{1, 1}},
		"insert, bad rows":       {[]error{code(117)}, func(r *replicas) error { return r.InsertFormat(t.Context(), "", "", nil) }, true, []int{2, 0}},
		"statement, network":     {[]error{network}, func(r *replicas) error { return r.Exec(t.Context(), "") }, true, []int{1, 1}},
	} {
		first, second := &replica{fails: c.fails}, &replica{}
		r := newReplicas([]driver.Conn{first, second})
		if err := c.do(r); (err != nil) != c.want {
			t.Errorf("%s: error %v, want one: %v", name, err, c.want)
		}
		if err := c.do(r); err != nil {
			t.Errorf("%s, again: %v", name, err)
		}
		if got := []int{first.asked, second.asked}; !slices.Equal(got, c.asked) {
			t.Errorf("%s: asked %v times, want %v", name, got, c.asked)
		}
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	first, second := &replica{fails: []error{context.Canceled}}, &replica{}
	if err := newReplicas([]driver.Conn{first, second}).Ping(canceled); err == nil || second.asked > 0 {
		t.Errorf("called off: %v, the second was asked %d times", err, second.asked)
	}
	both := newReplicas([]driver.Conn{&replica{fails: []error{network}}, &replica{fails: []error{network}}})
	if err := both.Ping(t.Context()); !errors.Is(err, network) {
		t.Errorf("both away: %v", err)
	}
}

// TestSeveralHostsAreReplicas checks that each host has its own address, that inserts need
// a majority, and that no error contains the password.
func TestSeveralHostsAreReplicas(t *testing.T) {
	o, err := parseDSN("http://user:p%40ss@a:8123,b:8124,[::1]:8125/glint")
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"a:8123", "b:8124", "[::1]:8125"}; !slices.Equal(o.Addr, want) || o.Auth.Password != "p@ss" {
		t.Errorf("addresses %v, want %v", o.Addr, want)
	}
	if o.Settings["insert_quorum"] != "auto" {
		t.Error("inserts into replicas need no quorum")
	}
	if o, err := parseDSN("http://user:secret@a:8123"); err != nil || o.Settings["insert_quorum"] != nil {
		t.Errorf("a single server: %v, %v", o.Settings, err)
	}
	for _, dsn := range []string{"http://user:secret@a:8123,b/glint", "http://user:secret@a:8123,/glint", "http://user:secret@,b:1/glint"} {
		if _, err := parseDSN(dsn); !errors.Is(err, ErrDSN) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", dsn, err)
		}
	}
}
