// Package demo plays a made-up campaign: 1,000 recipients over a day, as a
// history of event lines, and a last part over real HTTP. It uses the same path
// as real mail. Playing it again changes nothing.
package demo

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"

	"glint/cli/internal/output"
	"glint/cli/internal/report"
	"glint/edge/token"
	"glint/ingest/deliveries"
	"glint/ingest/logstream"
	"glint/ingest/sends"
	"glint/ingest/warehouse"
)

// Campaign is the name of the demo's campaign.
const Campaign = "demo"

// Options configure Play.
type Options struct {
	Pixel, Ingest, IngestToken string
	Warehouse                  string // address with user and password
	Ring                       *token.Ring
	Out                        io.Writer // the report
	Progress                   io.Writer
}

// Play registers the campaign, simulates its opens and prints its report.
func Play(ctx context.Context, o Options) error {
	w, err := warehouse.Connect(ctx, o.Warehouse)
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	campaign, err := w.EnsureCampaign(ctx, Campaign)
	if err != nil {
		return err
	}
	sentAt := campaign.CreatedAt.Add(-day).Truncate(time.Second)
	b := &sends.Batch{
		Recipients: recipients(), Campaign: campaign, SentAt: sentAt, BaseURL: o.Pixel, Style: sends.StyleToken, Ring: o.Ring,
	}
	if err := b.Derive(); err != nil {
		return err
	}
	opened, err := w.OpenedMessages(ctx, campaign.ID)
	if err != nil {
		return err
	}
	if len(opened) == 0 {
		fmt.Fprintf(o.Progress, "demo: registering %d recipients and playing a day of opens and clicks\n", Recipients)
		if _, err := b.Register(ctx, w, func(int) {}); err != nil {
			return err
		}
	}
	if err := o.playHistory(ctx, b, sentAt, opened); err != nil {
		return err
	}
	if err := o.playLive(ctx, b, opened); err != nil {
		return err
	}
	clicked := &deliveries.Store{Warehouse: w, Judge: clickJudge, Now: time.Now}
	if _, err := clicked.Add(ctx, clicks(b, sentAt)); err != nil {
		return err
	}
	if err := waitForOpens(ctx, w, campaign.ID); err != nil {
		return err
	}
	d, err := report.Gather(ctx, w, Campaign, nil, false)
	if err != nil {
		return err
	}
	fmt.Fprintln(o.Out)
	return report.WriteTable(o.Out, report.Of(d), output.StyleOf(o.Out, os.Getenv))
}

// recipients is the demo's list.
func recipients() *sends.Recipients {
	r := &sends.Recipients{Header: []string{"recipient"}}
	for i := range Recipients {
		name := fmt.Sprintf("reader%04d@example.com", i+1)
		r.Rows = append(r.Rows, sends.Row{Cells: []string{name}, Recipient: name})
	}
	return r
}

// castSize returns the number of recipients whose visits are in the history.
func castSize() (n int) {
	for _, g := range cast {
		n += g.recipients
	}
	return n
}

// playHistory posts the history unless all of it is stored.
func (o *Options) playHistory(ctx context.Context, b *sends.Batch, sentAt time.Time, opened map[uuid.UUID]bool) error {
	n := castSize()
	messages, tokens, missing := make([]uuid.UUID, n), make([]string, n), 0
	for i := range n {
		messages[i], tokens[i] = b.MessageID(i), pixelToken(b.URL(i))
		if !opened[messages[i]] {
			missing++
		}
	}
	if missing == 0 {
		return nil
	}
	poster := logstream.NewPoster(o.Ingest, o.IngestToken, "lane=replay")
	poster.Direct = true
	return logstream.Retry(poster.Send, logstream.RetryablePost)(ctx, history(messages, tokens, sentAt))
}

// pixelToken returns the token of a pixel URL.
func pixelToken(url string) string {
	return strings.TrimSuffix(url[strings.LastIndexByte(url, '/')+1:], ".gif")
}

// waitForOpens waits until the opens of all opening recipients are stored.
func waitForOpens(ctx context.Context, w *warehouse.Warehouse, campaign uint64) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	want := castSize() + len(liveCast)
	for {
		opened, err := w.OpenedMessages(ctx, campaign)
		if err != nil {
			return err
		}
		if len(opened) >= want {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d of %d opens have arrived: %w", len(opened), want, ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// WriteNextSteps prints commands to try with the running demo.
func WriteNextSteps(w io.Writer, pixel, clickhouse, credentials string) {
	fmt.Fprintf(w, `
What to try next:
  bin/glint report %s --format json
  bin/glint send register --campaign mine --file recipients.csv --output urls.csv
  curl -s %s/o/anything.gif | file -
  . %s; curl -s -u "$GLINT_SQL_USER:$GLINT_SQL_PASSWORD" %s --data 'SELECT * FROM campaign_report FORMAT Vertical'
Ctrl-C stops glint; the data stays.
`, Campaign, pixel, credentials, clickhouse)
}
