//go:build !wasip1

package main

// askBackend returns errNoBackend: only the platform has backends.
func askBackend(string, *pageRequest) (*pageReply, error) { return nil, errNoBackend }
