package embedded

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The versions of Landlock's interface that add a right used here.
const (
	abiRename    = 2 // Linux 5.19: without it no file could be renamed into another folder
	abiTruncate  = 3 // 6.2
	abiNetwork   = 4 // 6.7
	abiDevices   = 5 // 6.10
	abiScopes    = 6 // 6.12
	oldestUseful = abiRename
)

// The rights to files.
const (
	readRights = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR
	// fileRights are the rights that a rule for a file, not a folder, may
	// contain.
	fileRights = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE |
		unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_TRUNCATE | unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	// all rights of the first version: execute, write, read, list, remove, and
	// create each kind of file.
	firstRights = 1<<13 - 1
	// changeRights are the engine's rights in its own folders: no programs,
	// devices, sockets and pipes.
	changeRights = readRights | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE |
		unix.LANDLOCK_ACCESS_FS_REMOVE_DIR | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE | unix.LANDLOCK_ACCESS_FS_MAKE_DIR |
		unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_MAKE_SYM | unix.LANDLOCK_ACCESS_FS_REFER
)

// landlockABI returns the kernel's version of Landlock, or 0 if it is missing
// or disabled.
func landlockABI() int {
	version, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return 0
	}
	return int(version)
}

const gapTCP = "TCP connections"

// landlockGaps lists what a kernel with this version of Landlock does not deny.
func landlockGaps(abi int) []string {
	if abi < oldestUseful {
		return []string{"files of this user", gapTCP, "abstract sockets and signals"}
	}
	var gaps []string
	for _, gap := range []struct {
		since int
		name  string
	}{
		{abiTruncate, "truncating files of this user"},
		{abiNetwork, gapTCP},
		{abiDevices, "commands to open devices"},
		{abiScopes, "abstract sockets and signals"},
	} {
		if abi < gap.since {
			gaps = append(gaps, gap.name)
		}
	}
	return gaps
}

// ruleNetPort is LANDLOCK_RULE_NET_PORT of linux/landlock.h.
const ruleNetPort = 2

// ruleset is an open Landlock ruleset.
type ruleset struct {
	fd      int
	handled uint64 // file rights that require a rule
}

// restrict applies the rules of the room to this thread and to each program
// that it executes. With a version below oldestUseful it does nothing.
func restrict(r *room, abi int) error {
	if abi < oldestUseful {
		return nil
	}
	programs, err := ownPrograms()
	if err != nil {
		return err
	}
	rules, err := newRuleset(abi)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(rules.fd) }()
	for _, grant := range []struct {
		paths  []string
		rights uint64
	}{
		{r.Write, changeRights},
		{r.Read, readRights},
		{programs, readRights | unix.LANDLOCK_ACCESS_FS_EXECUTE},
		{processFacts, readRights},
		{[]string{"/dev/null"}, readRights | unix.LANDLOCK_ACCESS_FS_WRITE_FILE},
	} {
		for _, path := range grant.paths {
			if err := rules.allowPath(path, grant.rights); err != nil {
				return err
			}
		}
	}
	if abi >= abiNetwork {
		if err := rules.allowPort(r.Port); err != nil {
			return err
		}
	}
	runtime.LockOSThread() // never unlocked: the thread stays restricted
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("give up new privileges: %w", err)
	}
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, uintptr(rules.fd), 0, 0); errno != 0 {
		return fmt.Errorf("restrict engine: %w", errno)
	}
	return nil
}

func newRuleset(abi int) (*ruleset, error) {
	attributes := unix.LandlockRulesetAttr{Handled_access_fs: firstRights | unix.LANDLOCK_ACCESS_FS_REFER}
	if abi >= abiTruncate {
		attributes.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	size := unsafe.Offsetof(attributes.Handled_access_net)
	if abi >= abiNetwork {
		attributes.Handled_access_net = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
		size = unsafe.Offsetof(attributes.Scoped)
	}
	if abi >= abiDevices {
		attributes.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	}
	if abi >= abiScopes {
		attributes.Scoped = unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | unix.LANDLOCK_SCOPE_SIGNAL
		size = unsafe.Offsetof(attributes.Quiet_access_fs)
	}
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attributes)), size, 0)
	if errno != 0 {
		return nil, fmt.Errorf("create rules for engine: %w", errno)
	}
	return &ruleset{fd: int(fd), handled: attributes.Handled_access_fs}, nil
}

// allowPath grants the rights to a file, or to a folder and everything below
// it. A missing path needs no rule.
func (s *ruleset) allowPath(path string, rights uint64) error {
	// A rule applies to an inode. Inodes of /proc are recreated when nothing
	// holds them, so their descriptors stay open as long as the engine runs.
	kept := strings.HasPrefix(path, "/proc/")
	flags := unix.O_PATH
	if !kept {
		flags |= unix.O_CLOEXEC
	}
	fd, err := unix.Open(path, flags, 0)
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open %s for a rule: %w", path, err)
	}
	if !kept {
		defer func() { _ = unix.Close(fd) }()
	}
	var status unix.Stat_t
	if err := unix.Fstat(fd, &status); err != nil {
		return fmt.Errorf("read kind of %s: %w", path, err)
	}
	if status.Mode&unix.S_IFMT != unix.S_IFDIR {
		rights &= fileRights
	}
	rule := unix.LandlockPathBeneathAttr{Allowed_access: rights & s.handled, Parent_fd: int32(fd)}
	return s.add(unix.LANDLOCK_RULE_PATH_BENEATH, unsafe.Pointer(&rule), path)
}

func (s *ruleset) allowPort(port int) error {
	rule := struct{ access, port uint64 }{
		unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP, uint64(port),
	}
	return s.add(ruleNetPort, unsafe.Pointer(&rule), "the inner port")
}

func (s *ruleset) add(kind uintptr, rule unsafe.Pointer, name string) error {
	if _, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(s.fd), kind, uintptr(rule), 0, 0, 0); errno != 0 {
		return fmt.Errorf("add rule for %s: %w", name, errno)
	}
	return nil
}
