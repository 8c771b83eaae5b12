// Package judging holds the parts that `glint judge`, `glint reclassify` and the service
// share: the flags of the rules, and the result in words.
package judging

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/ingest/judge"
	"glint/ingest/warehouse"
)

// Flags adds the flags of the rules. Their variables apply to both the service and
// the commands, so that neither undoes the other's results.
func Flags(cmd *cobra.Command, s *judge.Settings) {
	*s = judge.Default()
	f := cmd.Flags()
	f.StringSliceVar(&s.Without, "judge-without", nil, "rules of judge to turn off: honeypot, click_sweep, pre_delivery, fast_open, burst, gmail_pair")
	f.DurationVar(&s.ClockSlack, "clock-slack", s.ClockSlack, "maximum difference between the clocks of sender and edge")
	f.DurationVar(&s.BurstWindow, "burst-window", s.BurstWindow, "time within which one network's fetches for many recipients of a domain are a scanner's")
	f.IntVar(&s.BurstRecipients, "burst-recipients", s.BurstRecipients, "number of recipients of one domain that make a burst")
	f.DurationVar(&s.SweepWindow, "sweep-window", s.SweepWindow, "time within which clicks on many links of a message are a scanner's")
	f.IntVar(&s.SweepLinks, "sweep-links", s.SweepLinks, "number of links that make a sweep")
	f.DurationVar(&s.SweepBefore, "sweep-before", s.SweepBefore, "opens within this time before a sweep are the same scanner's")
	f.StringArrayVar(&s.Honeypots, "honeypot", nil, "link that no person sees; a client that follows it is a scanner; repeatable")
	f.DurationVar(&s.HoneypotWindow, "honeypot-window", s.HoneypotWindow, "events within this time of a click on a honeypot are the same scanner's")
	f.DurationVar(&s.PairWindow, "pair-window", s.PairWindow, "maximum time between Gmail's prefetch and its proxy's fetch of a message")
}

// Options configure judge and reclassify.
type Options struct {
	App    *app.App
	Judge  judge.Options
	DSN    string
	Since  string
	Format string
}

// Command returns a command with the common flags.
func Command(cmd *cobra.Command, a *app.App, kind warehouse.RunKind, run func(context.Context, *Options) error) *cobra.Command {
	if run == nil {
		run = Run
	}
	o := &Options{App: a, Judge: judge.Options{Kind: kind}}
	cmd.Args = app.NoArgs
	f := cmd.Flags()
	f.StringVar(&o.Since, "since", "", "change only opens from this time on: 2026-11-01, 2026-11-01T12:00:00Z, or an age such as 72h")
	f.BoolVar(&o.Judge.DryRun, "dry-run", false, "print what would change, and change nothing")
	Flags(cmd, &o.Judge.Settings)
	format := app.ChoiceFlag(cmd, "format", "output format", "table", "json")
	app.WarehouseFlag(cmd, &o.DSN)
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		o.Format = format.String()
		if o.Judge.Since, err = ParseSince(o.Since, time.Now()); err != nil {
			return app.UsageOf(cmd, err)
		}
		if err := o.Judge.Settings.Validate(); err != nil {
			return app.UsageOf(cmd, err)
		}
		return run(cmd.Context(), o)
	}
	return cmd
}

// ParseSince parses a time, a day or an age; "" gives the zero time.
func ParseSince(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	age, err := time.ParseDuration(s)
	if err != nil || age < 0 {
		return time.Time{}, fmt.Errorf("--since: %q is no time, day or age", s)
	}
	return now.Add(-age).UTC(), nil
}

// Run judges and prints the changes.
func Run(ctx context.Context, o *Options) error {
	w, err := o.App.OpenWarehouse(ctx, o.DSN, app.OwnDatabase)
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	var shown time.Time
	o.Judge.Progress = func(done, opens uint64) {
		if now := time.Now(); now.Sub(shown) > 2*time.Second && done < opens {
			shown = now
			fmt.Fprintf(o.App.Err, "%s of %s opens\n", output.Count(done), output.Count(opens))
		}
	}
	r, err := judge.Run(ctx, w, o.Judge)
	if errors.Is(err, warehouse.ErrRunGoesOn) {
		return app.Try(err, "repeat the command in some minutes; a killed run expires after five")
	}
	if err != nil {
		return err
	}
	names, err := campaignNames(ctx, w, r)
	if err != nil {
		return err
	}
	note(o, r)
	if o.Format == "json" {
		return writeJSON(o.App.Out, o, r, names)
	}
	return writeTables(o.App.Out, r, names)
}

// campaignNames returns the names of the campaigns whose numbers change.
func campaignNames(ctx context.Context, w *warehouse.Warehouse, r *judge.Result) (map[uint64]string, error) {
	if len(r.Campaigns) == 0 {
		return nil, nil
	}
	return w.CampaignNames(ctx)
}

// note prints a summary on stderr.
func note(o *Options, r *judge.Result) {
	verb := "changed"
	if o.Judge.DryRun {
		verb = "would change"
	}
	fmt.Fprintf(o.App.Err, "%s: %s the verdicts of %s and of %s of %s clicks, in %s\n", output.Plural(int(r.Opens), "open", "opens"), verb,
		output.Plural(int(r.Changed), "open", "opens"), output.Count(r.Reclicked), output.Count(r.Clicks), r.Duration.Round(100*time.Millisecond))
	if r.Relabeled > 0 {
		fmt.Fprintf(o.App.Err, "%s got another name of their program\n", output.Plural(int(r.Relabeled), "open", "opens"))
	}
	if r.Expired+r.Ignored+r.Earlier > 0 {
		fmt.Fprintf(o.App.Err, "kept their verdict: %s whose facts have expired, %s of own mail (glint ignore), %s before --since\n",
			output.Count(r.Expired), output.Count(r.Ignored), output.Count(r.Earlier))
	}
	switch {
	case o.Judge.DryRun:
		fmt.Fprintln(o.App.Err, "nothing was changed (--dry-run)")
	case r.Run > 0:
		fmt.Fprintf(o.App.Err, "applied as run %d\n", r.Run)
	default:
		fmt.Fprintln(o.App.Err, "there was nothing to judge")
	}
}

func writeTables(out io.Writer, r *judge.Result, names map[uint64]string) error {
	t := output.NewTable("EVENTS", "FROM", "TO", "REASON", "COUNT").AlignRight(4)
	for _, c := range r.Changes {
		t.Row(kindOf(&c), c.From.String(), c.To.String(), c.Reason, output.Count(c.Events))
	}
	if err := t.Write(out); err != nil || len(r.Campaigns) == 0 {
		return err
	}
	if _, err := fmt.Fprintln(out); err != nil {
		return err
	}
	t = output.NewTable("CAMPAIGN", "NUMBER", "BEFORE", "AFTER", "CHANGE").AlignRight(2, 3, 4)
	for i := range r.Campaigns {
		c := &r.Campaigns[i]
		for _, n := range numbers(c) {
			if n.before != n.after {
				t.Row(nameOf(names, c.Campaign), n.name, strconv.FormatInt(n.before, 10), strconv.FormatInt(n.after, 10), fmt.Sprintf("%+d", n.after-n.before))
			}
		}
	}
	return t.Write(out)
}

func kindOf(c *judge.Change) string {
	if c.Clicks {
		return "clicks"
	}
	return "opens"
}

func nameOf(names map[uint64]string, id uint64) string {
	if name := names[id]; name != "" {
		return name
	}
	return strconv.FormatUint(id, 10)
}

type number struct {
	name          string
	before, after int64
}

func numbers(c *judge.CampaignChange) []number {
	b, a := &c.Before, &c.After
	return []number{
		{"unique_opens", b.UniqueOpens, a.UniqueOpens},
		{"bot_filtered_unique_opens", b.BotFiltered, a.BotFiltered},
		{"reliable_unique_opens", b.Reliable, a.Reliable},
		{"mpp_only", b.MPPOnly, a.MPPOnly},
		{"unknown_only", b.UnknownOnly, a.UnknownOnly},
		{"clicked", b.Clicked, a.Clicked},
	}
}

// document is the JSON form: a contract, described in cli/JSON.md.
type document struct {
	Run           uint32           `json:"run"`
	DryRun        bool             `json:"dry_run"`
	OpensTotal    uint64           `json:"opens_total"`
	OpensChanged  uint64           `json:"opens_changed"`
	OpensRenamed  uint64           `json:"opens_renamed"`
	OpensExpired  uint64           `json:"opens_expired"`
	OpensIgnored  uint64           `json:"opens_ignored"`
	OpensEarlier  uint64           `json:"opens_earlier"`
	ClicksTotal   uint64           `json:"clicks_total"`
	ClicksChanged uint64           `json:"clicks_changed"`
	Changes       []changeDocument `json:"changes"`
	Campaigns     []campaignChange `json:"campaigns"`
	Seconds       float64          `json:"duration_seconds"`
}

type changeDocument struct {
	Events string `json:"events"`
	From   string `json:"from"`
	To     string `json:"to"`
	Reason string `json:"reason"`
	Count  uint64 `json:"count"`
}

type campaignChange struct {
	Campaign   string           `json:"campaign"`
	CampaignID uint64           `json:"campaign_id,string"`
	Before     map[string]int64 `json:"before"`
	After      map[string]int64 `json:"after"`
}

func writeJSON(out io.Writer, o *Options, r *judge.Result, names map[uint64]string) error {
	d := document{
		Run: r.Run, DryRun: o.Judge.DryRun, OpensTotal: r.Opens, OpensChanged: r.Changed, OpensRenamed: r.Relabeled, OpensExpired: r.Expired,
		OpensIgnored: r.Ignored, OpensEarlier: r.Earlier, ClicksTotal: r.Clicks, ClicksChanged: r.Reclicked,
		Changes: []changeDocument{}, Campaigns: []campaignChange{}, Seconds: r.Duration.Seconds(),
	}
	for i := range r.Changes {
		c := &r.Changes[i]
		d.Changes = append(d.Changes, changeDocument{kindOf(c), c.From.String(), c.To.String(), c.Reason, c.Events})
	}
	for i := range r.Campaigns {
		c := &r.Campaigns[i]
		both := campaignChange{nameOf(names, c.Campaign), c.Campaign, map[string]int64{}, map[string]int64{}}
		for _, n := range numbers(c) {
			both.Before[n.name], both.After[n.name] = n.before, n.after
		}
		d.Campaigns = append(d.Campaigns, both)
	}
	e := output.NewJSON(out)
	e.SetIndent("", "  ")
	return e.Encode(d)
}
