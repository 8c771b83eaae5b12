package embedded

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// childDoorwayFD is the child's end of the doorway.
const childDoorwayFD = 5

// doorway creates connections to the engine: the child connects to its own
// port, which only the child can reach, and passes the connection to the parent
// (SCM_RIGHTS). No other process has an end of the doorway, and it has no
// address.
type doorway struct {
	mu   sync.Mutex
	file *os.File
}

// newDoorway returns both ends.
func newDoorway() (*doorway, *os.File, error) {
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("open doorway to engine: %w", err)
	}
	// A hanging child must not block the parent forever.
	patience := unix.Timeval{Sec: 5}
	if err := unix.SetsockoptTimeval(ends[0], unix.SOL_SOCKET, unix.SO_RCVTIMEO, &patience); err != nil {
		return nil, nil, fmt.Errorf("bound waits at doorway: %w", err)
	}
	return &doorway{file: os.NewFile(uintptr(ends[0]), "doorway")}, os.NewFile(uintptr(ends[1]), "doorway"), nil
}

// dial returns a new connection to the engine. Its errors have the operation
// dial, which means that nothing was sent.
func (d *doorway) dial(context.Context, string, string) (net.Conn, error) {
	connection, err := d.connect()
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
	}
	return connection, nil
}

func (d *doorway) connect() (net.Conn, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	fd := int(d.file.Fd())
	if fd < 0 {
		return nil, os.ErrClosed
	}
	if err := unix.Send(fd, []byte{1}, unix.MSG_NOSIGNAL); err != nil {
		return nil, fmt.Errorf("knock at engine: %w", err)
	}
	answer, rights := make([]byte, 1), make([]byte, unix.CmsgSpace(4))
	n, length, _, _, err := receive(fd, answer, rights)
	switch {
	case err != nil:
		// A late answer would be taken for the answer to the next request.
		_ = d.file.Close()
		return nil, fmt.Errorf("wait for engine: %w", err)
	case n == 0:
		return nil, errors.New("engine left")
	case length == 0:
		return nil, syscall.ECONNREFUSED
	}
	messages, err := unix.ParseSocketControlMessage(rights[:length])
	if err != nil || len(messages) != 1 {
		return nil, errors.New("engine handed over no connection")
	}
	descriptors, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(descriptors) != 1 {
		return nil, errors.New("engine handed over no connection")
	}
	file := os.NewFile(uintptr(descriptors[0]), "engine connection")
	defer func() { _ = file.Close() }() // FileConn has its own descriptor
	connection, err := net.FileConn(file)
	if err != nil {
		return nil, fmt.Errorf("take connection over: %w", err)
	}
	return connection, nil
}

// receive is recvmsg, restarted after signals.
func receive(fd int, data, control []byte) (int, int, int, unix.Sockaddr, error) {
	for {
		n, length, flags, from, err := unix.Recvmsg(fd, data, control, unix.MSG_CMSG_CLOEXEC)
		if !errors.Is(err, unix.EINTR) {
			return n, length, flags, from, err
		}
	}
}

// close ends the doorway on our side.
func (d *doorway) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	_ = d.file.Close()
}

// serveDoorway connects to the engine's port for each request of the parent,
// until the parent is gone. An answer without a connection means that the
// engine refused it.
func serveDoorway(port int) {
	knock := make([]byte, 1)
	for {
		n, _, _, _, err := receive(childDoorwayFD, knock, nil)
		if err != nil || n == 0 {
			return
		}
		var rights []byte
		socket, err := connectTo(port)
		if err == nil {
			rights = unix.UnixRights(socket)
		}
		err = unix.Sendmsg(childDoorwayFD, knock, rights, nil, unix.MSG_NOSIGNAL)
		if rights != nil {
			_ = unix.Close(socket)
		}
		if err != nil {
			return
		}
	}
}

// connectTo returns a socket connected to the port on loopback.
func connectTo(port int) (int, error) {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("open socket: %w", err)
	}
	for {
		err = unix.Connect(socket, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}})
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if err != nil && !errors.Is(err, unix.EISCONN) {
		_ = unix.Close(socket)
		return -1, fmt.Errorf("connect to engine: %w", err)
	}
	return socket, nil
}
