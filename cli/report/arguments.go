package report

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
)

// arguments accepts at most two campaigns, and none with --since or --recency.
func arguments(cmd *cobra.Command, args []string) error {
	ofAll := cmd.Flags().Changed("since") || cmd.Flags().Changed("recency")
	if slices.Contains(args, "") {
		return app.UsageOf(cmd, errors.New("a campaign's name is not empty"))
	}
	switch explain := cmd.Flags().Changed("explain"); {
	case ofAll && len(args) > 0:
		return app.UsageOf(cmd, errors.New("--since and --recency are about all campaigns"))
	case len(args) > 2:
		return app.UsageOf(cmd, errors.New("want one argument, the campaign's name or id, or two to compare"))
	case explain && len(args) != 1:
		return app.UsageOf(cmd, errors.New("--explain is about one campaign"))
	}
	return nil
}

// period is the value of a flag in whole days or weeks.
type period time.Duration

// String returns the period in days; "" for zero.
func (p *period) String() string {
	if *p == 0 {
		return ""
	}
	return strconv.Itoa(int(time.Duration(*p)/(24*time.Hour))) + "d"
}

// Type returns the name of the flag's values in help.
func (p *period) Type() string { return "period" }

// Set parses a number of days or weeks, such as 90d or 12w.
func (p *period) Set(text string) error {
	days := map[byte]int{'d': 1, 'w': 7}
	if text == "" || days[text[len(text)-1]] == 0 {
		return fmt.Errorf("%q is no period; want one as 90d or 12w", text)
	}
	n, err := strconv.Atoi(text[:len(text)-1])
	if err != nil || n < 1 || n > 36_500 {
		return fmt.Errorf("%q is no period; want one as 90d or 12w", text)
	}
	*p = period(time.Duration(n*days[text[len(text)-1]]) * 24 * time.Hour)
	return nil
}
