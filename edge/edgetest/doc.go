// Package edgetest tests the edge program as it is deployed: compiled to wasm
// and run in Fastly's emulator, with clients that send any bytes. Its benchmark
// runs the program beside others in one emulator each; edge/README.md has the
// table.
//
// It holds no code of the product.
package edgetest
