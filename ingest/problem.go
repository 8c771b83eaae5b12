package ingest

import (
	"errors"
	"syscall"
	"time"

	"glint/edge/token"
	"glint/ingest/warehouse"
	"glint/ingest/warehouse/embedded"
	"glint/schema/migrate"
)

// Problem is a reason why lines do not reach the warehouse. Its texts are
// constants: they contain no text from a server or a file.
type Problem struct {
	Code string `json:"code"`
	Text string `json:"text"`
	Hint string `json:"try,omitempty"` // advice for the operator; "": wait
}

// The codes of problems in GET /v1/status.
const (
	codeStarting     = "starting"
	codeNoAnswer     = "no_answer"
	codeDenied       = "denied"
	codeNewerSchema  = "newer_schema"
	codeUnsupported  = "unsupported_server"
	codeNoLibrary    = "engine_missing"
	codeEngineFailed = "engine_failed"
	codeDataDirInUse = "data_directory_in_use"
	codeDiskFull     = "disk_full"
	codeKeysMissing  = "keys_missing"
	codeFiles        = "files"

	codeKeysUnreadable = "keys_unreadable"
	codeKeysUnchecked  = "keys_unchecked"

	codeNoCertificate = "no_certificate"
)

// The steps of the startup, for errors whose own type does not identify one.
type (
	errEngine struct{ error }
	errFiles  struct{ error }
)

func (e errEngine) Unwrap() error { return e.error }
func (e errFiles) Unwrap() error  { return e.error }

var noAnswer = &Problem{Code: codeNoAnswer, Text: "the warehouse does not answer"}

// problemOf returns the problem for an error of bringing the warehouse up.
// hint, which may be nil, returns advice about errors of lower packages.
func problemOf(err error, hint func(error) string) *Problem {
	p := &Problem{Code: codeNoAnswer, Text: noAnswer.Text}
	if hint != nil {
		p.Hint = hint(err)
	}
	engine, keys, files := errEngine{}, errKeys{}, errFiles{}
	condition := warehouse.ConditionOf(err)
	switch {
	case errors.Is(err, token.ErrRing):
		p.Code, p.Text = codeKeysUnreadable, "the file of pixel keys is damaged, so no token can be judged and no line is loaded"
		p.Hint = "restore the file from a copy or a backup; glint keys list says what is wrong with it"
	case errors.As(err, &keys):
		p.Code, p.Text = codeKeysMissing, "pixel keys are missing, so no token can be judged and no line is loaded"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG), condition == warehouse.NoRoom:
		p.Code, p.Text = codeDiskFull, "the disk is full"
	case errors.As(err, &files):
		p.Code, p.Text = codeFiles, "a file or folder that loading needs cannot be used"
	case errors.Is(err, migrate.ErrNewer):
		p.Code, p.Text = codeNewerSchema, "the warehouse has a newer schema than this glint knows"
		p.Hint = "run the newer glint"
	case condition == warehouse.Denied:
		p.Code, p.Text = codeDenied, "the warehouse refuses the user, the password, or a right that glint needs"
		p.Hint = "check the user and password of --warehouse or $GLINT_WAREHOUSE, and its rights"
	case condition == warehouse.Unknown:
		p.Code, p.Text = codeUnsupported, "the warehouse does not know something that the schema needs; its version may be too old"
	case errors.Is(err, embedded.ErrLibraryMissing):
		p.Code, p.Text = codeNoLibrary, "the embedded engine's library is missing"
	case errors.Is(err, embedded.ErrDataDirInUse):
		p.Code, p.Text = codeDataDirInUse, "another process uses the warehouse's data"
	case errors.Is(err, embedded.ErrEngineFailed), errors.Is(err, embedded.ErrAddressInUse):
		p.Code, p.Text = codeEngineFailed, "the embedded engine does not start"
	case errors.As(err, &engine):
		p.Code, p.Text = codeEngineFailed, "the embedded engine cannot be started"
	}
	return p
}

// repeatReport is the interval at which an unchanged problem is reported again.
const repeatReport = time.Minute

// repeated decides when a problem that lasts is reported: at once when it changes, and
// then at intervals. The zero value has seen none.
type repeated struct {
	what string
	next time.Time
}

// due reports whether the problem is to be reported now.
func (r *repeated) due(what string, now time.Time) bool {
	if what == r.what && now.Before(r.next) {
		return false
	}
	r.what, r.next = what, now.Add(repeatReport)
	return true
}

// over lets the next problem be reported at once, also the same one.
func (r *repeated) over() { r.what = "" }
