package main

import "runtime"

// The program is compiled without a garbage collector: collecting cost half of
// a request's time, and a sandbox is short-lived anyway. One whose requests have
// left maxHeapBytes behind ends, and the next request gets a new one. TinyGo
// doubles its memory when it grows, so that half of the platform's 128 MB is
// never passed, whatever one request brings (its headers have 69 kB at most:
// docs.fastly.com/products/compute-resource-limits).
const maxHeapBytes = 16 << 20

var memory runtime.MemStats // not on the heap for each request

// heapHasRoom reports whether the sandbox may take another request.
func heapHasRoom() bool {
	runtime.ReadMemStats(&memory)
	return memory.HeapAlloc < maxHeapBytes
}
