package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"glint/cli/internal/output"
	"glint/cli/internal/report"
	"glint/ingest/warehouse"
)

// errNoPage means that there is no such page.
var errNoPage = errors.New("web: no such page")

// page returns a handler that queries the source for a page. A limited number of requests
// query at once; others wait for their turn. A page does not wait for its later parts.
func (s *Server) page(ask func(context.Context, Source, *http.Request, *session) (*screen, error)) reader {
	return func(w http.ResponseWriter, r *http.Request, who *session) {
		source := s.source.Load()
		if source == nil {
			w.Header().Set("Retry-After", "5")
			s.show(w, r, who, &screen{
				status: http.StatusServiceUnavailable, head: `<meta http-equiv="refresh" content="5">`,
				document: message("The warehouse is starting", "This page reloads by itself. Opens are kept meanwhile."),
			})
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), pageTimeout)
		defer cancel()
		p, err := inTurn(ctx, s.queries, func() (*screen, error) { return ask(ctx, *source, r, who) })
		switch {
		case errors.Is(err, errNoPage), errors.Is(err, warehouse.ErrNoCampaign):
			p = &screen{status: http.StatusNotFound, document: message("Not found", "There is no such page or campaign.")}
		case err != nil && r.Context().Err() != nil:
			return // its reader has gone
		case err != nil:
			s.logger.Warn("page not shown", "error", err)
			w.Header().Set("Retry-After", "5")
			p = &screen{status: http.StatusServiceUnavailable, document: message("The warehouse did not answer", "Load the page again. The log of glint has the reason.")}
		}
		if p.rest != nil {
			work := p.rest
			p.rest = func() (*rest, error) { return inTurn(ctx, s.queries, work) }
		}
		s.show(w, r, who, p)
	}
}

// inTurn works when there is room in turns.
func inTurn[T any](ctx context.Context, turns chan struct{}, work func() (T, error)) (T, error) {
	select {
	case turns <- struct{}{}:
		defer func() { <-turns }()
		return work()
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// The rows of one page of a list.
const (
	campaignsPerPage  = 50
	recipientsPerPage = 100
)

// pageNumber returns the number of a page of a list, from 1.
func pageNumber(r *http.Request) (int, error) {
	text := r.URL.Query().Get("page")
	if text == "" {
		return 1, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 1_000_000 {
		return 0, errNoPage
	}
	return n, nil
}

// pager returns links to the pages before and after.
func pager(path string, n int, more bool) (links []link) {
	if n > 1 {
		links = append(links, link{Text: "Previous", Path: path + "page=" + strconv.Itoa(n-1)})
	}
	if more {
		links = append(links, link{Text: "Next", Path: path + "page=" + strconv.Itoa(n+1)})
	}
	return links
}

func text(s string) report.Cell { return report.Cell{Text: s} }

func count(n uint64) report.Cell { return text(output.Count(n)) }

func campaignPath(id uint64) string { return "/campaigns/" + strconv.FormatUint(id, 10) }

// campaigns is the list of campaigns.
func (s *Server) campaigns(ctx context.Context, source Source, r *http.Request, _ *session) (*screen, error) {
	n, err := pageNumber(r)
	if err != nil {
		return nil, err
	}
	all, err := source.Campaigns(ctx)
	if err != nil {
		return nil, err
	}
	listed := report.Listed(all)
	withAll := r.URL.Query().Has("all")
	if withAll || len(listed) == 0 {
		listed = all
	}
	from := min((n-1)*campaignsPerPage, len(listed))
	until := min(from+campaignsPerPage, len(listed))
	lines, err := source.Lines(ctx, listed[from:until])
	if err != nil {
		return nil, err
	}
	p := &screen{here: "/", document: &report.Document{
		Title: "Campaigns", Lead: output.Plural(len(listed), "campaign", "campaigns"),
		Beside: []string{"The last computed numbers; the page of a campaign has the current ones."},
	}}
	if len(all) == 0 {
		p.document.Lead = "No campaign yet"
		p.document.Beside = []string{"Create the first one with: glint send register --campaign NAME --file recipients.csv --output urls.csv"}
		return p, nil
	}
	path := "/?"
	if withAll {
		path = "/?all&"
	}
	t := &report.Table{Header: []string{"CAMPAIGN", "OPEN RATE", "RANGE", "OPENED BY PEOPLE", "MEASURED", "SENDS", "MADE"}, Right: []int{1, 2, 3, 4, 5}}
	for i := range lines {
		t.Rows = append(t.Rows, lineRow(&lines[i]))
	}
	p.document.Sections = []report.Section{{ID: "list", Title: "Latest first", Wide: true, Table: t}}
	links := pager(path, n, until < len(listed))
	if hidden := len(all) - len(listed); hidden > 0 {
		links = append(links, link{Text: fmt.Sprintf("All, including %s archived or test campaigns", output.Count(uint64(hidden))), Path: "/?all"})
	}
	p.after = choose("Page "+strconv.Itoa(n), links...)
	return p, nil
}

func lineRow(l *report.Line) []report.Cell {
	reach := output.Percent(nil)
	if l.Low != nil && l.High != nil {
		reach = output.Percent(l.Low) + " to " + output.Percent(l.High)
	}
	name := report.Cell{Text: named(l.Campaign), Link: campaignPath(l.CampaignID)}
	return []report.Cell{
		name, text(output.Percent(l.OpenRate)), text(reach), count(l.ReliableUniqueOpens), count(l.Measured), count(l.Sends),
		text(l.CreatedAt.UTC().Format(time.DateOnly)),
	}
}

// named returns a name that can be clicked.
func named(name string) string {
	if name == "" {
		return "(without a name)"
	}
	return name
}

func campaignOf(r *http.Request) (uint64, error) {
	id, err := strconv.ParseUint(r.PathValue("id"), 10, 64)
	if err != nil {
		return 0, errNoPage
	}
	return id, nil
}

// campaign is the report of one campaign.
func (s *Server) campaign(ctx context.Context, source Source, r *http.Request, who *session) (*screen, error) {
	id, err := campaignOf(r)
	if err != nil {
		return nil, err
	}
	d, err := source.Numbers(ctx, id)
	if err != nil {
		return nil, err
	}
	if s.settle != nil {
		s.settle(d)
	}
	p := &screen{document: report.First(d), rest: func() (*rest, error) {
		if err := source.Gather(ctx, d); err != nil {
			return nil, err
		}
		return &rest{sections: report.Rest(d)}, nil
	}}
	if who.role == Owner {
		p.before = choose("Recipients", listLinks(id, "")...)
	}
	return p, nil
}

// lists are the lists of recipients, as their pages name them.
var lists = []struct {
	list        warehouse.List
	text, about string
}{
	{warehouse.AllMessages, "all", "All registered messages."},
	{warehouse.OpenersCertain, "opened", "A person opened the message, clicked, replied or converted."},
	{warehouse.OpenersLikely, "likely opened", "Also messages that a client of unknown kind fetched."},
	{warehouse.OpenersCannotTell, "cannot tell", "Only Apple Mail fetched the message, which may hide a person."},
	{warehouse.NonopenersCertain, "not opened", "No fetch, by recipients whose opens are known to be visible."},
	{warehouse.NonopenersLikely, "likely not opened", "No fetch of any kind."},
}

func listLinks(id uint64, current warehouse.List) (links []link) {
	for _, l := range lists {
		links = append(links, link{l.text, campaignPath(id) + "/recipients?list=" + string(l.list), l.list == current})
	}
	return links
}

// recipients is a page of a list of a campaign's recipients.
func (s *Server) recipients(ctx context.Context, source Source, r *http.Request, _ *session) (*screen, error) {
	id, err := campaignOf(r)
	if err != nil {
		return nil, err
	}
	n, err := pageNumber(r)
	if err != nil {
		return nil, err
	}
	list, words, about := warehouse.AllMessages, lists[0].text, lists[0].about
	if asked := r.URL.Query().Get("list"); asked != "" {
		list = ""
		for _, l := range lists {
			if string(l.list) == asked {
				list, words, about = l.list, l.text, l.about
			}
		}
		if list == "" {
			return nil, errNoPage
		}
	}
	names, err := source.Names(ctx)
	if err != nil {
		return nil, err
	}
	name, known := names[id]
	if !known {
		return nil, warehouse.ErrNoCampaign
	}
	p := &screen{document: &report.Document{Title: name, Lead: "Recipients: " + words, Beside: []string{about + " Times are UTC."}}}
	p.before = choose("Recipients", append([]link{{Text: "Report", Path: campaignPath(id)}}, listLinks(id, list)...)...)
	p.rest = func() (*rest, error) {
		found, err := source.Recipients(ctx, id, list, (n-1)*recipientsPerPage, recipientsPerPage)
		if err != nil {
			return nil, err
		}
		section := report.Section{ID: "list", Title: "This list is empty", Wide: true}
		if len(found.Messages) > 0 {
			first := (n-1)*recipientsPerPage + 1
			section.Title = fmt.Sprintf("%s to %s, by recipient", output.Count(uint64(first)), output.Count(uint64(first+len(found.Messages)-1)))
			section.Table = recipientTable(found)
		} else if n > 1 {
			section.Title = "The list ends before this page"
		}
		path := campaignPath(id) + "/recipients?list=" + string(list) + "&"
		return &rest{[]report.Section{section}, choose("Page "+strconv.Itoa(n), pager(path, n, found.More)...)}, nil
	}
	return p, nil
}

func recipientTable(found *Recipients) *report.Table {
	t := &report.Table{Header: append(append([]string{"RECIPIENT"}, found.Kept...), "STATE", "OPENS", "FIRST OPEN", "FIRST OPEN BY A PERSON", "LAST OPEN BY A PERSON")}
	t.Right = []int{len(found.Kept) + 2}
	for i := range found.Messages {
		m := &found.Messages[i]
		recipient := m.Recipient
		if recipient == "" {
			recipient = "(pseudonymous)"
		}
		row := []report.Cell{text(recipient)}
		for _, kept := range m.Kept {
			row = append(row, text(kept))
		}
		row = append(row, text(stateText(m)), count(uint64(m.Opens)), moment(m.FirstOpenAt), moment(m.FirstReliableOpenAt), moment(m.LastReliableOpenAt))
		t.Rows = append(t.Rows, row)
	}
	return t
}

// stateText is a state in words of a page.
func stateText(m *warehouse.ListedMessage) string {
	switch state := m.State(); state {
	case "masked":
		return "Apple Mail hides it"
	case "not_measured":
		return "not measured"
	case "not_fetched":
		return "no fetch"
	default:
		return state
	}
}

// moment returns the time of Unix milliseconds; 0 means no time.
func moment(ms int64) report.Cell {
	if ms == 0 {
		return text("–")
	}
	return text(time.UnixMilli(ms).UTC().Format("2006-01-02 15:04:05"))
}
