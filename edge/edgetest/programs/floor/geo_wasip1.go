package main

import "unsafe"

//go:wasmimport fastly_geo lookup
//go:noescape
func fastlyGeoLookup(octets unsafe.Pointer, octetsLen uint32, buf unsafe.Pointer, bufLen uint32, written unsafe.Pointer) uint32

var (
	geoBuffer [4096]byte
	loopback  = [4]byte{127, 0, 0, 1}
)

func lookUp() {
	var n uint32
	fastlyGeoLookup(unsafe.Pointer(&loopback), 4, unsafe.Pointer(&geoBuffer), uint32(len(geoBuffer)), unsafe.Pointer(&n))
}
