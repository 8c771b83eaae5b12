package web

import (
	"slices"
	"time"

	"glint/cli/internal/report"
	"glint/ingest/warehouse"
)

// liveRow is an open, view or event as a row of a table, for each role.
type liveRow struct {
	serial        uint64
	viewer, owner []report.Cell
}

func (r *liveRow) of(role Role) []report.Cell {
	if role == Owner {
		return r.owner
	}
	return r.viewer
}

var openers = map[warehouse.LiveKind]string{warehouse.OpenByPerson: "person", warehouse.OpenHidden: "hidden", warehouse.OpenByMachine: "machine"}

// since returns the rows after a serial number, the latest first, as a table of
// opens and one of views and events, and the latest number.
func (v *liveView) since(serial uint64, role Role) (opened, visited *report.Table, latest uint64) {
	opened = &report.Table{Header: []string{"TIME", "CAMPAIGN", "BY", "CLIENT", "DEVICE", "COUNTRY"}}
	if role == Owner {
		opened.Header = append(opened.Header, "RECIPIENT")
	}
	visited = &report.Table{Header: []string{"TIME", "WHAT", "PAGE", "FROM", "SITE", "CLIENT", "COUNTRY"}}
	latest = serial
	for table, rows := range map[*report.Table][]liveRow{opened: v.opened, visited: v.visited} {
		for i := range rows {
			if rows[i].serial > serial {
				table.Rows = append(table.Rows, rows[i].of(role))
				latest = max(latest, rows[i].serial)
			}
		}
	}
	return opened, visited, latest
}

func (o *liveOpen) row() liveRow {
	campaign := text("–")
	if o.campaign != "" {
		campaign = report.Cell{Text: o.campaign, Link: campaignPath(o.key.CampaignID)}
	}
	device := o.device
	if o.os != "" && o.os != o.device { // a proxy hides both by the same words
		device += " (" + o.os + ")"
	}
	cells := []report.Cell{
		timeOfDay(o.at), campaign, text(openers[o.kind]), text(orDash(o.client)), text(orDash(device)), text(orDash(o.country)),
	}
	recipient := o.addressee.Recipient
	switch {
	case !o.known:
		recipient = "(not registered)"
	case recipient == "":
		recipient = "(pseudonymous)"
	case o.addressee.Test:
		recipient += " (test)"
	}
	return liveRow{o.serial, cells, append(slices.Clone(cells), text(recipient))}
}

func (v *liveVisit) row() liveRow {
	what := "page view"
	if v.name != "" {
		what = "event " + v.name
	}
	client := v.client
	if v.kind == warehouse.WebByMachine {
		client = "machine"
	}
	cells := []report.Cell{
		timeOfDay(v.at), text(what), text(orDash(v.host + v.path)), text(orDash(v.referrer + v.fromPath)), text(siteName(v.site)), text(orDash(client)),
		text(orDash(v.country)),
	}
	return liveRow{v.serial, cells, cells}
}

func timeOfDay(t time.Time) report.Cell { return text(t.UTC().Format("15:04:05")) }

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}
