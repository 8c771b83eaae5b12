package pixelserver

import (
	"syscall"
	"unsafe"
)

// read and write are the system calls on a non-blocking socket. The runtime is
// not told of them, since they never wait: otherwise each would cost its
// bookkeeping, and its monitor would run often in order to watch them.

func read(fd int, b []byte) (int, error)  { return transfer(syscall.SYS_READ, fd, b) }
func write(fd int, b []byte) (int, error) { return transfer(syscall.SYS_WRITE, fd, b) }

func transfer(call uintptr, fd int, b []byte) (int, error) {
	n, _, errno := syscall.RawSyscall(call, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	if errno != 0 {
		return -1, errno
	}
	return int(n), nil
}
