//go:build !glinttrap

package main

import "unsafe"

// The look-up is called directly, not through the SDK's package geo, which
// decodes the answer by reflection.
//
//go:wasmimport fastly_geo lookup
//go:noescape
func fastlyGeoLookup(octets unsafe.Pointer, octetsLen uint32, buf unsafe.Pointer, bufLen uint32, written unsafe.Pointer) uint32

// geoBuffer holds one answer: about 400 bytes in practice.
var geoBuffer [4096]byte

func geoLookup(octets []byte) string {
	var n uint32
	status := fastlyGeoLookup(unsafe.Pointer(&octets[0]), uint32(len(octets)),
		unsafe.Pointer(&geoBuffer), uint32(len(geoBuffer)), unsafe.Pointer(&n))
	if status != 0 || n > uint32(len(geoBuffer)) {
		return ""
	}
	return string(geoBuffer[:n])
}
