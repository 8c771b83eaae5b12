package embedded

import (
	"errors"
	"fmt"
	"net"
	"syscall"

	"glint/ingest/host/portowner"
)

// listenPublic opens the public address. If it is in use, it returns an *Error
// with ErrAddressInUse.
func listenPublic(address string) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	if err == nil {
		return listener, nil
	}
	if !errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("listen for warehouse clients: %w", err)
	}
	return nil, &Error{
		Err: ErrAddressInUse, Detail: portowner.Describe(address),
		Hint: "stop the program that uses it, or choose another address (port 0 takes a free one)",
	}
}

// freePort returns a loopback port that is free at this moment.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	if err := listener.Close(); err != nil {
		return 0, fmt.Errorf("free the port found: %w", err)
	}
	return port, nil
}
