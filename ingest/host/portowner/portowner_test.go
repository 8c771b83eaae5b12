package portowner

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
)

func TestHolderOfAPortIsNamed(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address, port := l.Addr().String(), l.Addr().(*net.TCPAddr).Port
	if got, want := Describe(address), fmt.Sprintf("%s is taken by process %d", address, os.Getpid()); !strings.HasPrefix(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if !Self(port) {
		t.Error("this process does not find its own listener")
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if got, want := Describe(address), address+" is taken"; got != want || Self(port) {
		t.Errorf("after the close: got %q, want %q", got, want)
	}
}
