// Package chdb loads ClickHouse's engine as a library and runs it in this process.
package chdb

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"github.com/ebitengine/purego"
)

// Library is the loaded engine. There can be one per process.
type Library struct {
	queryCmdline func(argc int32, argv unsafe.Pointer) unsafe.Pointer
	resultError  func(result unsafe.Pointer) unsafe.Pointer
}

// The arguments of the one call that lasts as long as the process. The engine
// keeps pointers to them, and collecting a Pinner that still pins something
// panics: hence package variables.
var (
	argumentPins     runtime.Pinner
	argumentPointers []*byte
)

// Load loads the engine and leaves all signals to Go: with the engine's
// own handlers a nil dereference in Go would end the process instead of
// panicking.
func Load(path string) (*Library, error) {
	handle, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, fmt.Errorf("load engine library: %w", err)
	}
	var lib Library
	var setSignalHandlers func(enabled int32)
	for name, function := range map[string]any{
		"chdb_query_cmdline":               &lib.queryCmdline,
		"chdb_result_error":                &lib.resultError,
		"chdb_set_signal_handlers_enabled": &setSignalHandlers,
	} {
		symbol, err := purego.Dlsym(handle, name)
		if err != nil {
			return nil, fmt.Errorf("find %s in engine library: %w", name, err)
		}
		purego.RegisterFunc(function, symbol)
	}
	setSignalHandlers(0)
	return &lib, nil
}

// Run executes clickhouse-local with the arguments and returns when it ends.
// It may be called once per process, on a locked thread.
func (l *Library) Run(args []string) error {
	argumentPointers = make([]*byte, len(args)+1)
	for i, arg := range args {
		text := append([]byte(arg), 0)
		argumentPins.Pin(&text[0])
		argumentPointers[i] = &text[0]
	}
	argumentPins.Pin(&argumentPointers[0])
	result := l.queryCmdline(int32(len(args)), unsafe.Pointer(&argumentPointers[0]))
	if result == nil {
		return errors.New("engine gave no result")
	}
	if message := l.resultError(result); message != nil {
		return errors.New(goString(message))
	}
	return nil
}

// goString copies a C string.
func goString(p unsafe.Pointer) string {
	length := 0
	for *(*byte)(unsafe.Add(p, length)) != 0 {
		length++
	}
	return string(unsafe.Slice((*byte)(p), length))
}
