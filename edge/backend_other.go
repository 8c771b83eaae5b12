//go:build !wasip1

package main

// askBackend finds no backend: there is none without the platform.
func askBackend(string, *pageRequest) (*pageReply, error) { return nil, errNoBackend }
