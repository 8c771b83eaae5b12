package main

import "runtime"

// The program is compiled without a garbage collector: collection took half of
// a request's time, and a sandbox is short-lived. A sandbox whose requests have
// left more than maxHeapBytes behind ends, and the platform starts a new one.
// TinyGo doubles its memory when it grows, so the program stays below half of
// the platform's 128 MB whatever one request brings (its headers have at most
// 69 kB: docs.fastly.com/products/compute-resource-limits).
const maxHeapBytes = 16 << 20

var memory runtime.MemStats // a global, so that no request allocates it

// heapHasRoom reports whether the sandbox may take another request.
func heapHasRoom() bool {
	runtime.ReadMemStats(&memory)
	return memory.HeapAlloc < maxHeapBytes
}
