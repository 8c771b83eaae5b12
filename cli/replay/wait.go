package replay

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"glint/cli/app"
	"glint/cli/output"
)

// backlogMetric counts the records of the lane that are not in the warehouse.
const backlogMetric = `glint_log_backlog_records{lane="replay"} `

var errNoBacklog = errors.New("its metrics do not tell the backlog of the replay lane")

// waitForWarehouse waits until the replay lane is empty. The lines are safe all
// the while: only a report would miss some.
func waitForWarehouse(ctx context.Context, o *options, metricsURL string) error {
	var noted time.Time
	last, moved := -1, time.Now()
	for began := time.Now(); ; {
		n, err := backlog(ctx, metricsURL)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return app.Try(fmt.Errorf("ask whether the warehouse has the lines: %w", err),
				"see that glint runs; the lines are in its log and get into the warehouse once it does")
		case n == 0:
			fmt.Fprintln(o.app.Err, "all of it is in the warehouse")
			return nil
		}
		now := time.Now()
		if n != last {
			last, moved = n, now
		}
		if now.Sub(moved) > o.patience {
			return app.Try(errors.New("the warehouse takes no lines; they wait in the log"), "see what glint logs about batches")
		}
		if now.Sub(began) > 2*time.Second && now.Sub(noted) > 10*time.Second {
			noted = now
			fmt.Fprintln(o.app.Err, "waiting for the warehouse:", output.Plural(n, "body is", "bodies are"), "left")
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// backlog asks the metrics listener.
func backlog(ctx context.Context, metricsURL string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(metricsURL, "/")+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer func() { _ = answer.Body.Close() }()
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		if text, ok := strings.CutPrefix(lines.Text(), backlogMetric); ok {
			n, err := strconv.ParseFloat(text, 64)
			return int(n), err
		}
	}
	if err := lines.Err(); err != nil {
		return 0, err
	}
	return 0, errNoBacklog
}
