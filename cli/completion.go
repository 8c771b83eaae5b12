package main

import (
	"strings"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
)

// completeNames adds completion of campaign names to all commands that
// take one as an argument or by --campaign.
func completeNames(a *app.App, cmd *cobra.Command) {
	_, arguments, _ := strings.Cut(cmd.Use, " ")
	if strings.HasPrefix(strings.TrimPrefix(arguments, "["), "CAMPAIGN") && cmd.ValidArgsFunction == nil {
		cmd.ValidArgsFunction = a.CompleteCampaigns
	}
	if cmd.Flags().Lookup("campaign") != nil {
		_ = cmd.RegisterFlagCompletionFunc("campaign", a.CompleteCampaigns) // the flag is there; a second one is refused
	}
	for _, sub := range cmd.Commands() {
		completeNames(a, sub)
	}
}
