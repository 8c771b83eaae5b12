package embedded

import (
	"fmt"
	"syscall"
	"unsafe"
)

// stackTraceSignal is the signal that system.stack_trace sends to each thread
// (SIGRTMIN as glibc counts).
const stackTraceSignal = 34

const saOnStack = 0x08000000 // SA_ONSTACK, sigaction(2)

// kernelSigaction is the kernel's struct sigaction on amd64 and arm64.
type kernelSigaction struct {
	handler  uintptr
	flags    uint64
	restorer uintptr
	mask     uint64
}

// runStackTracesOnSignalStack makes the engine's handler for system.stack_trace
// run on the thread's signal stack. The engine installs it without SA_ONSTACK,
// so on a thread that runs Go code it would write beyond a goroutine's small stack.
func runStackTracesOnSignalStack() error {
	var action kernelSigaction
	if err := rtSigaction(stackTraceSignal, nil, &action); err != nil {
		return err
	}
	const defaultAction, ignore = 0, 1 // SIG_DFL, SIG_IGN: nothing to run on any stack
	if action.handler == defaultAction || action.handler == ignore || action.flags&saOnStack != 0 {
		return nil
	}
	action.flags |= saOnStack
	return rtSigaction(stackTraceSignal, &action, nil)
}

func rtSigaction(signal int, set, old *kernelSigaction) error {
	_, _, errno := syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(signal),
		uintptr(unsafe.Pointer(set)), uintptr(unsafe.Pointer(old)), unsafe.Sizeof(set.mask), 0, 0)
	if errno != 0 {
		return fmt.Errorf("change action of signal %d: %w", signal, errno)
	}
	return nil
}
