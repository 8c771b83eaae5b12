// Package portowner finds out who holds a TCP port, as far as this user may
// look into other processes, by Linux's /proc. Elsewhere it knows nobody.
package portowner

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Describe says that an address is taken, and by which process if that can be
// seen: "127.0.0.1:80 is taken by process 12 (nginx)".
func Describe(address string) string {
	text := address + " is taken"
	if _, portText, err := net.SplitHostPort(address); err == nil {
		if port, err := strconv.Atoi(portText); err == nil {
			if pid := listenerPID(port); pid != 0 {
				text += fmt.Sprintf(" by process %d (%s)", pid, processName(pid))
			}
		}
	}
	return text
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

// Self says whether this very process listens on the port.
func Self(port int) bool { return ownsSocket("/proc/self", listeningSockets(port)) }

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
