package embedded

import (
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// The engine's process is confined before the library is loaded, in two steps.
// The parent starts it in a network namespace of its own if the kernel allows
// that; the child then restricts itself by Landlock and executes itself once
// more, so that each thread of the process is under the same rules
// (https://docs.kernel.org/userspace-api/landlock.html).

// roomVariable contains the room of a child that has not confined itself yet.
const roomVariable = "GLINT_ENGINE_ROOM"

// childCommFD is /proc/self/comm, open for writing: the rules forbid to open it.
const childCommFD = 6

// loopbackUnavailable is the exit status of a child that could not use its own
// network namespace.
const loopbackUnavailable = 5

// Confinement describes how the engine's process is kept from files and the
// network.
type Confinement struct {
	// LandlockABI is the kernel's version of Landlock; 0: none.
	LandlockABI int
	// OwnNetwork means that the engine has a network namespace of its own: no
	// other process can connect to it, and it can reach no other host.
	OwnNetwork bool
	// Gaps lists what the engine can still reach, or what others can reach at
	// its port.
	Gaps []string
}

const gapPort = "local users can connect to the inner port"

func confinement(isolated bool, abi int) Confinement {
	c := Confinement{LandlockABI: abi, OwnNetwork: isolated}
	for _, gap := range landlockGaps(abi) {
		if gap == gapTCP && isolated {
			continue
		}
		c.Gaps = append(c.Gaps, gap)
	}
	if !isolated {
		c.Gaps = append(c.Gaps, "UDP", gapPort)
	}
	return c
}

// room is the set of files and ports that the engine may use.
type room struct {
	Isolated bool     // in a network namespace of its own
	Port     int      // the one port it may listen on and connect to
	Write    []string // folders it may change
	Read     []string // files and folders it may read
}

// processFacts are the files in /proc that the engine reads. The rest of /proc
// would show the environment of other processes of the same user.
var processFacts = []string{
	"/proc/self", "/proc/meminfo", "/proc/cpuinfo", "/proc/stat", "/proc/loadavg", "/proc/uptime", "/proc/vmstat",
	"/proc/diskstats", "/proc/filesystems", "/proc/version", "/proc/pressure", "/proc/sys/kernel", "/proc/sys/vm", "/proc/sys/fs",
}

// newRoom returns the room of an engine.
func newRoom(cfg *Config, files layout, port int, isolated bool) room {
	read := []string{
		files.ConfigFile, files.FilesDir, cfg.Library, "/sys/devices/system", "/sys/fs/cgroup", "/sys/kernel/mm/transparent_hugepage",
		"/etc/ld.so.cache", "/etc/localtime", "/usr/share/zoneinfo", "/dev/random", "/dev/urandom",
		"/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib",
	}
	for path := range strings.SplitSeq(os.Getenv("LD_LIBRARY_PATH"), ":") {
		if filepath.IsAbs(path) && path != "/" {
			read = append(read, path)
		}
	}
	return room{
		Isolated: isolated, Port: port, Read: read,
		Write: []string{files.DataDir, files.TempDir, files.LogDir},
	}
}

// isolation is a way to start the engine isolated from other processes.
type isolation func(*syscall.SysProcAttr)

// isolations returns the ways to start the engine in a network namespace of its
// own, where only its children can connect to it; the best one first.
func isolations() []isolation {
	asUser := func(a *syscall.SysProcAttr) {
		uid, gid := os.Geteuid(), os.Getegid()
		a.Cloneflags |= unix.CLONE_NEWUSER | unix.CLONE_NEWNET
		a.UidMappings = []syscall.SysProcIDMap{{ContainerID: uid, HostID: uid, Size: 1}}
		a.GidMappings = []syscall.SysProcIDMap{{ContainerID: gid, HostID: gid, Size: 1}}
		// Needed to raise the loopback interface; dropped before the engine is
		// loaded.
		a.AmbientCaps = []uintptr{unix.CAP_NET_ADMIN}
	}
	if os.Geteuid() != 0 {
		return []isolation{asUser}
	}
	// As root no user namespace is needed, and files of other owners stay
	// readable.
	asRoot := func(a *syscall.SysProcAttr) { a.Cloneflags |= unix.CLONE_NEWNET }
	return []isolation{asRoot, asUser}
}

// refused reports whether the kernel or a container's policy forbids an
// isolation; the child was not started then.
func refused(err error) bool {
	return errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.ENOSPC) ||
		errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOSYS) || errors.Is(err, syscall.EUSERS)
}

// confineIfAsked confines this process and executes it again. It returns only
// if there is nothing to do, or on an error.
func confineIfAsked() (int, error) {
	text := os.Getenv(roomVariable)
	if text == "" {
		return 0, nil
	}
	var r room
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return exitUnusable, fmt.Errorf("read room of engine: %w", err)
	}
	if r.Isolated {
		if err := raiseLoopback(); err != nil {
			return loopbackUnavailable, err
		}
	}
	if err := dropAmbientCapabilities(); err != nil {
		return exitUnusable, err
	}
	if err := openComm(); err != nil {
		return exitUnusable, err
	}
	// The rules apply to this thread and to the program that it executes.
	if err := restrict(&r, landlockABI()); err != nil {
		return exitUnusable, err
	}
	environment := os.Environ()
	for i, variable := range environment {
		if strings.HasPrefix(variable, roomVariable+"=") {
			environment = append(environment[:i], environment[i+1:]...)
			break
		}
	}
	return exitUnusable, fmt.Errorf("execute engine: %w", syscall.Exec("/proc/self/exe", os.Args, environment))
}

// raiseLoopback brings up the loopback interface of a new network namespace.
func raiseLoopback() error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open socket in network namespace: %w", err)
	}
	defer func() { _ = unix.Close(socket) }()
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return fmt.Errorf("name loopback interface: %w", err)
	}
	request.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, request); err != nil {
		return fmt.Errorf("raise loopback interface: %w", err)
	}
	return nil
}

func dropAmbientCapabilities() error {
	err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
	if err != nil && !errors.Is(err, unix.EINVAL) { // EINVAL: a kernel without ambient capabilities
		return fmt.Errorf("drop capabilities: %w", err)
	}
	return nil
}

// openComm opens the file that sets the process's name as childCommFD.
func openComm() error {
	comm, err := unix.Open("/proc/self/comm", unix.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("open name of process: %w", err)
	}
	if comm == childCommFD {
		return nil
	}
	defer func() { _ = unix.Close(comm) }()
	if err := unix.Dup3(comm, childCommFD, 0); err != nil {
		return fmt.Errorf("keep name of process: %w", err)
	}
	return nil
}

// ownPrograms returns the files needed to execute this program: its own file
// and the dynamic loader named in it.
func ownPrograms() ([]string, error) {
	file, err := elf.Open("/proc/self/exe")
	if err != nil {
		return nil, fmt.Errorf("open own program: %w", err)
	}
	defer func() { _ = file.Close() }()
	programs := []string{"/proc/self/exe"}
	if section := file.Section(".interp"); section != nil {
		loader, err := section.Data()
		if err != nil {
			return nil, fmt.Errorf("read own program: %w", err)
		}
		programs = append(programs, strings.TrimRight(string(loader), "\x00"))
	}
	return programs, nil
}
