// Package portowner finds the process that holds a TCP port, if this user may
// see it, using Linux's /proc. On other systems it finds none.
package portowner

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Describe returns a text that an address is in use, with the process if known:
// "127.0.0.1:80 is taken by process 12 (nginx)".
func Describe(address string) string {
	text := address + " is taken"
	if _, portText, err := net.SplitHostPort(address); err == nil {
		if port, err := strconv.Atoi(portText); err == nil {
			if pid := PID(port); pid != 0 {
				text += fmt.Sprintf(" by process %d (%s)", pid, processName(pid))
			}
		}
	}
	return text
}

// PID returns the process that listens on the port, or 0 if none is visible.
func PID(port int) int {
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

// Self reports whether this process itself listens on the port.
func Self(port int) bool { return ownsSocket("/proc/self", listeningSockets(port)) }

// listeningSockets returns the sockets that listen on the port, in the form of
// the links in /proc/PID/fd.
func listeningSockets(port int) map[string]bool {
	sockets := map[string]bool{}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, err := os.ReadFile(table)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			// Columns of proc_net_tcp(5): sl, local_address, rem_address, st,
			// ..., inode as the tenth.
			const localAddress, state, inode, listening = 1, 3, 9, "0A"
			fields := strings.Fields(line)
			if len(fields) > inode && fields[state] == listening && strings.HasSuffix(fields[localAddress], fmt.Sprintf(":%04X", port)) {
				sockets["socket:["+fields[inode]+"]"] = true
			}
		}
	}
	return sockets
}

// ownsSocket reports whether the process at /proc/PID has one of the sockets
// open.
func ownsSocket(process string, sockets map[string]bool) bool {
	if len(sockets) == 0 {
		return false
	}
	folder := filepath.Join(process, "fd")
	descriptors, err := os.ReadDir(folder)
	if err != nil {
		return false // not visible, or gone
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
