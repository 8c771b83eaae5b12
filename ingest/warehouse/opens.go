package warehouse

import (
	"context"

	"github.com/google/uuid"
)

// Open is one row of the table opens: the facts of one event and the verdict.
type Open struct {
	CampaignID uint64
	MessageID  uuid.UUID
	Facts
	TokenStatus    int8   // as the table's Enum8
	Class          int8   // as the table's Enum8
	Reason         string // the rule that decided
	Client         string
	ClientVendor   string
	OS             string
	Device         string
	RulesetVersion uint16
	VerdictVersion uint32 // of two rows of one event, the one with the higher version counts
}

var openColumns = append([]column[Open]{
	{"campaign_id", of(func(o *Open) uint64 { return o.CampaignID })},
	{"message_id", of(func(o *Open) uuid.UUID { return o.MessageID })},
	{"token_status", of(func(o *Open) int8 { return o.TokenStatus })},
	{"class", of(func(o *Open) int8 { return o.Class })},
	{"reason", of(func(o *Open) string { return o.Reason })},
	{"client", of(func(o *Open) string { return o.Client })},
	{"client_vendor", of(func(o *Open) string { return o.ClientVendor })},
	{"os", of(func(o *Open) string { return o.OS })},
	{"device", of(func(o *Open) string { return o.Device })},
	{"ruleset_version", of(func(o *Open) uint16 { return o.RulesetVersion })},
	{"verdict_version", of(func(o *Open) uint32 { return o.VerdictVersion })},
	// A run of judge or reclassify fills these in: see migrations/00014_judgements.sql.
	{"judged_run", of(func(*Open) uint32 { return 0 })},
	{"request_class", of(func(*Open) int8 { return 0 })},
	{"request_reason", of(func(*Open) string { return "" })},
	{"class_before", of(func(*Open) int8 { return 0 })},
	{"reason_before", of(func(*Open) string { return "" })},
	{"rest_before", of(func(*Open) string { return "" })},
}, factColumns(func(o *Open) *Facts { return &o.Facts })...)

// InsertOpens inserts the rows in one named insert: the same name again changes
// nothing, whatever the rows are, as long as the table remembers the name (its
// deduplication window). The strings are copied before it returns.
func (w *Warehouse) InsertOpens(ctx context.Context, name string, opens []Open) error {
	if w.shards != nil {
		return w.insertSpread(ctx, name, opens)
	}
	return insert(ctx, w, "opens", openColumns, name, opens)
}
