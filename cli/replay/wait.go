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

// restartPatience is how long the running glint may give no answer: somebody
// may be starting it again.
const restartPatience = 30 * time.Second

// waitForWarehouse waits until the running glint's replay lane is empty. The
// lines are safe all the while: only a report would miss some.
func waitForWarehouse(ctx context.Context, o *options) error {
	began := time.Now()
	left, moved, answered := -1, began, began
	var noted time.Time
	for {
		n, err := runningBacklog(ctx, o.app)
		now := time.Now()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && now.Sub(answered) > min(o.patience, restartPatience):
			return app.Try(fmt.Errorf("ask whether the warehouse has the lines: %w", err),
				"see that glint runs; the lines are in its log and get into the warehouse once it does")
		case err == nil && n == 0:
			fmt.Fprintln(o.app.Err, "all of it is in the warehouse")
			return nil
		case err == nil:
			answered = now
			if n != left {
				left, moved = n, now
			}
		}
		if now.Sub(moved) > o.patience {
			return app.Try(errors.New("the warehouse takes no lines; they wait in the log"), "see what glint logs about batches")
		}
		if left > 0 && now.Sub(began) > 2*time.Second && now.Sub(noted) > 10*time.Second {
			noted = now
			fmt.Fprintln(o.app.Err, "waiting for the warehouse:", output.Plural(left, "body is", "bodies are"), "left")
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// runningBacklog asks the instance that runs now: one that was started again may
// have another address.
func runningBacklog(ctx context.Context, a *app.App) (int, error) {
	state, err := a.Running()
	if err != nil {
		return 0, err
	}
	return backlog(ctx, state.Metrics)
}

// backlog asks a metrics listener.
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
