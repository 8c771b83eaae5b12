//go:build !wasip1

package main

// geoLookup knows nothing where there is no platform to ask.
func geoLookup([]byte) string { return "" }
