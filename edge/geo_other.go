//go:build !wasip1

package main

// geoLookup returns "" outside the platform.
func geoLookup([]byte) string { return "" }
