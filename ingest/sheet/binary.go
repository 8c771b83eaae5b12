package sheet

import (
	"bytes"
	"errors"
	"strings"
)

// ErrNotText is wrapped by every NotTextError.
var ErrNotText = errors.New("sheet: not a text file")

// NotTextError is returned for a file that is known to be no plain text.
type NotTextError struct {
	What string // kind of the file, such as an Excel workbook
	Try  string // advice: save it as CSV
}

func (e *NotTextError) Error() string { return "the file is " + e.What + ", not a text file" }

// Unwrap returns ErrNotText.
func (e *NotTextError) Unwrap() error { return ErrNotText }

// Hint returns Try.
func (e *NotTextError) Hint() string { return e.Try }

const (
	saveAsCSV = "save it as CSV (in UTF-8) in the program that wrote it"
	unpack    = "unpack it first, or pipe it: gunzip -c FILE | glint … -"
)

// signatures are the beginnings of other files that people take for tables.
var signatures = []struct{ begin, within, what, try string }{
	{"PK\x03\x04", "xl/", "an Excel workbook", saveAsCSV},
	{"PK\x03\x04", "mimetypeapplication/vnd.oasis", "an OpenDocument table", saveAsCSV},
	{"PK\x03\x04", ".iwa", "a Numbers table", saveAsCSV},
	{"PK\x03\x04", "", "a zip archive", "unpack it and use the table in it"},
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "", "an old Office file (Excel, Outlook)", "save it as CSV, or a mail as .eml, in the program that wrote it"},
	{"\x1f\x8b", "", "compressed (gzip)", unpack},
	{"\x28\xb5\x2f\xfd", "", "compressed (zstd)", "unpack it first, or pipe it: zstd -dc FILE | glint … -"},
	{"BZh", "\x31\x41\x59\x26\x53\x59", "compressed (bzip2)", "unpack it first, or pipe it: bunzip2 -c FILE | glint … -"},
	{"%PDF-", "", "a PDF", "export the data as CSV where the PDF was made"},
	{"SQLite format 3\x00", "", "an SQLite database", "export the table as CSV"},
	{"PAR1", "", "a Parquet file", "export it as CSV"},
	{"{\\rtf", "", "an RTF document", saveAsCSV},
	{"<!doctype html", "", "a web page (HTML)", "export the data as CSV; the page may be the login form of the program that should have exported it"},
	{"<html", "", "a web page (HTML)", "export the data as CSV; the page may be the login form of the program that should have exported it"},
	{"<?xml", "", "an XML file", saveAsCSV},
}

// NotText returns the error for a file that begins like something other than
// text, or nil.
func NotText(head []byte) error {
	text := string(bytes.TrimLeft(bytes.TrimPrefix(head[:min(len(head), 64)], []byte("\xef\xbb\xbf")), " \t\r\n"))
	for _, s := range signatures {
		begin := text[:min(len(text), len(s.begin))]
		same := begin == s.begin || s.begin[0] == '<' && strings.ToLower(begin) == s.begin
		if same && bytes.Contains(head, []byte(s.within)) {
			return &NotTextError{What: s.what, Try: s.try}
		}
	}
	return nil
}
