// Package tail is `glint tail`: it prints events as they arrive, as JSON lines.
package tail

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/ingest/host/backoff"
	"glint/ingest/warehouse"
)

type options struct {
	app       *app.App
	dsn, user string
	campaign  string
	since     time.Duration
	once, web bool
}

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command {
	o := &options{app: a}
	cmd := &cobra.Command{
		Use:   "tail [CAMPAIGN]",
		Short: "Print events as they arrive, as JSON lines",
		Long: `Prints each open and each other event of messages within seconds of its arrival, one JSON object per line, until you stop
it: of one campaign or of all, without recipients. An event is printed once, however often its line arrived. Its class is
that of the request alone; glint judge may change it later, and the view message_events has the changed class.

--web also prints the page views and custom events of all sites, unless they occurred more than 8 days before they arrived.

--since also prints the events that arrived within that time, at most a day. --once prints only those, and ends.`,
		Example: "  glint tail spring\n  glint tail --since 1h --once",
		Args:    app.AtMostOneArg("campaign"),

		ValidArgsFunction: a.CompleteCampaigns,
	}
	cmd.Flags().DurationVar(&o.since, "since", 0, "also print events that arrived within this time, such as 1h")
	cmd.Flags().BoolVar(&o.once, "once", false, "end after the events of --since")
	cmd.Flags().BoolVar(&o.web, "web", false, "also print page views and custom events; without a campaign only")
	app.UserFlag(cmd, &o.user)
	app.WarehouseFlag(cmd, &o.dsn)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if o.since < 0 || o.since > arrivalsKept {
			return app.UsageOf(cmd, fmt.Errorf("--since is from 0 to %s: older events are in the view message_events", arrivalsKept))
		}
		if len(args) > 0 {
			o.campaign = args[0]
		}
		if o.web && o.campaign != "" {
			return app.UsageOf(cmd, errors.New("--web is about sites, not about a campaign: leave one of the two out"))
		}
		return o.run(cmd.Context())
	}
	return cmd
}

const (
	arrivalsKept = 24 * time.Hour
	pollEvery    = time.Second
	// overlap is the maximum time between the arrival of rows and their visibility.
	overlap = 5 * time.Second
)

func (o *options) run(ctx context.Context) error {
	w, err := o.app.OpenWarehouseAs(ctx, o.dsn, o.user, app.OwnDatabase)
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	f := &follower{w: w, out: bufio.NewWriter(o.app.Out), web: o.web, names: map[string]string{}}
	if o.campaign != "" {
		id, err := w.CampaignID(ctx, o.campaign)
		if errors.Is(err, warehouse.ErrNoCampaign) {
			return o.app.NoCampaign(ctx, w, o.campaign)
		}
		if err != nil {
			return err
		}
		f.only = strconv.FormatUint(id, 10)
	}
	f.silent = o.since == 0
	if err := f.poll(ctx, max(o.since, overlap)); err != nil || o.once {
		return err
	}
	f.silent = false
	last := time.Now()
	for {
		if err := backoff.Sleep(ctx, pollEvery); err != nil {
			return err
		}
		now := time.Now()
		switch err := f.poll(ctx, now.Sub(last)+overlap); {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && now.Sub(last) > arrivalsKept-overlap:
			return err
		case err != nil:
			if last.Add(2 * pollEvery).After(now) { // the first time
				fmt.Fprintln(o.app.Err, "note: the warehouse cannot be asked, trying again:", output.Safe(err.Error()))
			}
		default:
			last = now
		}
	}
}

// follower prints events that it has not printed before.
type follower struct {
	w      *warehouse.Warehouse
	out    *bufio.Writer
	only   string // id of the campaign; "": all
	web    bool   // also page views and custom events
	silent bool   // existing events are only remembered
	names  map[string]string
	seen   recent
}

// arrived is the range of receipt times of new events of a campaign.
type arrived struct {
	Campaign string `json:"campaign_id"`
	From     string `json:"from_ms"`
	To       string `json:"to_ms"`
}

// poll prints the new events that arrived within the given time.
func (f *follower) poll(ctx context.Context, within time.Duration) error {
	statement := `SELECT campaign_id, toUnixTimestamp64Milli(min(received_from)) AS from_ms, toUnixTimestamp64Milli(max(received_to)) AS to_ms
		FROM event_arrivals WHERE arrived_at > now64(3, 'UTC') - toIntervalMillisecond({within:UInt64})`
	parameters := map[string]string{"within": strconv.FormatInt(within.Milliseconds(), 10)}
	switch {
	case f.only != "":
		statement += " AND campaign_id = {campaign:UInt64}"
		parameters["campaign"] = f.only
	case !f.web:
		statement += " AND campaign_id != 0"
	}
	var all []arrived
	err := f.each(ctx, statement+" GROUP BY campaign_id ORDER BY from_ms, campaign_id", parameters, func(line []byte) error {
		var a arrived
		err := json.Unmarshal(line, &a)
		all = append(all, a)
		return err
	})
	f.seen.turn(time.Now())
	for i := 0; err == nil && i < len(all); i++ {
		if all[i].Campaign == webCampaign {
			err = f.webEvents(ctx, &all[i])
		} else {
			err = f.events(ctx, &all[i])
		}
	}
	return errors.Join(err, f.out.Flush())
}

func (f *follower) events(ctx context.Context, a *arrived) error {
	name, err := f.name(ctx, a.Campaign)
	if err != nil {
		return err
	}
	const statement = `SELECT * FROM arrived_events WHERE campaign_id = {campaign:UInt64}
		AND received_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND received_at <= fromUnixTimestamp64Milli({to:Int64}, 'UTC')
		ORDER BY received_at, message_id, occurred_at, event_id`
	parameters := map[string]string{"campaign": a.Campaign, "from": a.From, "to": a.To}
	return f.each(ctx, statement, parameters, func(line []byte) error {
		var e struct {
			Message string `json:"message_id"`
			Event   string `json:"event"`
			At      string `json:"occurred_at"`
			ID      string `json:"event_id"`
		}
		if err := json.Unmarshal(line, &e); err != nil || len(line) < 2 {
			return errors.Join(errors.New("read events: an answer that is none"), err)
		}
		if f.seen.has(e.Message+e.Event+e.At+e.ID) || f.silent {
			return nil
		}
		_, err := fmt.Fprintf(f.out, `{"campaign":%s,%s`+"\n", name, line[1:])
		return err
	})
}

// webCampaign is the campaign of arrivals of page views and custom events.
const webCampaign = "0"

// webEvents prints page views and custom events.
func (f *follower) webEvents(ctx context.Context, a *arrived) error {
	const statement = `SELECT * FROM arrived_web_events
		WHERE occurred_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') - INTERVAL 8 DAY
		AND received_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND received_at <= fromUnixTimestamp64Milli({to:Int64}, 'UTC')
		ORDER BY received_at, site, name, occurred_at, event_id`
	return f.each(ctx, statement, map[string]string{"from": a.From, "to": a.To}, func(line []byte) error {
		var e struct {
			Site string `json:"site"`
			Name string `json:"name"`
			At   string `json:"occurred_at"`
			ID   string `json:"event_id"`
		}
		if err := json.Unmarshal(line, &e); err != nil {
			return fmt.Errorf("read page views: an answer that is none: %w", err)
		}
		if f.seen.has(e.Site+"\x00"+e.Name+"\x00"+e.At+e.ID) || f.silent {
			return nil
		}
		_, err := fmt.Fprintf(f.out, "%s\n", line)
		return err
	})
}

// name returns the name of a campaign as a JSON string.
func (f *follower) name(ctx context.Context, campaign string) (string, error) {
	if name, ok := f.names[campaign]; ok {
		return name, nil
	}
	name := `""`
	err := f.each(ctx, "SELECT campaign FROM campaign_names WHERE campaign_id = {campaign:UInt64}", map[string]string{"campaign": campaign}, func(line []byte) error {
		var c struct{ Campaign json.RawMessage }
		err := json.Unmarshal(line, &c)
		name = string(c.Campaign)
		return err
	})
	if err == nil && name != `""` { // otherwise it may be registered later
		f.names[campaign] = name
	}
	return name, err
}

func (f *follower) each(ctx context.Context, statement string, parameters map[string]string, visit func(line []byte) error) error {
	answer, err := f.w.Statement(ctx, statement, "JSONEachRow", parameters)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Close() }()
	lines := bufio.NewReader(answer)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return nil
		}
		if err == nil || errors.Is(err, io.EOF) {
			err = visit(line[:len(line)-1])
		}
		if err != nil {
			return err
		}
	}
}
