package embedded

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// listenPublic opens the public address; a taken one gives an *Error with ErrAddressInUse.
func listenPublic(address string) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	if err == nil {
		return listener, nil
	}
	if !errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("listen for warehouse clients: %w", err)
	}
	detail := address + " is taken"
	hint := "stop the program that uses it, or choose another address (port 0 takes a free one)"
	if _, portText, err := net.SplitHostPort(address); err == nil {
		if port, err := strconv.Atoi(portText); err == nil {
			if pid := listenerPID(port); pid != 0 {
				detail += fmt.Sprintf(" by process %d (%s)", pid, processName(pid))
			}
		}
	}
	return nil, &Error{Err: ErrAddressInUse, Detail: detail, Hint: hint}
}

// freePort finds a loopback port that nobody uses at this moment.
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

// listenerPID returns a process that listens on the port; 0 if none of those we may look into does.
func listenerPID(port int) int {
	sockets := listeningSockets(port)
	if len(sockets) == 0 {
		return 0
	}
	processes, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return 0
	}
	for _, process := range processes {
		if ownsSocket(process, sockets) {
			pid, err := strconv.Atoi(filepath.Base(process))
			if err == nil {
				return pid
			}
		}
	}
	return 0
}

// weListen says whether this very process listens on the port.
func weListen(port int) bool { return ownsSocket("/proc/self", listeningSockets(port)) }

// listeningSockets returns the sockets listening on the port as links in /proc/PID/fd show them.
func listeningSockets(port int) map[string]bool {
	sockets := map[string]bool{}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, err := os.ReadFile(table)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			// proc_net_tcp(5): sl, local_address, rem_address, st, ..., inode as the tenth.
			const localAddress, state, inode, listening = 1, 3, 9, "0A"
			fields := strings.Fields(line)
			if len(fields) > inode && fields[state] == listening && strings.HasSuffix(fields[localAddress], fmt.Sprintf(":%04X", port)) {
				sockets["socket:["+fields[inode]+"]"] = true
			}
		}
	}
	return sockets
}

// ownsSocket says whether the process at /proc/PID has one of the sockets open.
func ownsSocket(process string, sockets map[string]bool) bool {
	if len(sockets) == 0 {
		return false
	}
	folder := filepath.Join(process, "fd")
	descriptors, err := os.ReadDir(folder)
	if err != nil {
		return false // not ours to look into, or gone
	}
	for _, descriptor := range descriptors {
		target, err := os.Readlink(filepath.Join(folder, descriptor.Name()))
		if err == nil && sockets[target] {
			return true
		}
	}
	return false
}

func processName(pid int) string {
	name, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "comm"))
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(name))
}
