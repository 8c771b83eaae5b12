package app

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// FlagsFromEnvironment sets every flag that is not on the command line from its
// variable: --ingest-listen is $GLINT_INGEST_LISTEN.
func (a *App) FlagsFromEnvironment(cmd *cobra.Command) error {
	var fault error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		name := "GLINT_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		value := a.Getenv(name)
		if f.Changed || value == "" || fault != nil || f.Name == "help" || f.Name == "version" && !cmd.HasParent() {
			return
		}
		if err := cmd.Flags().Set(f.Name, value); err != nil {
			fault = UsageOf(cmd, fmt.Errorf("$%s: %w", name, err))
		}
	})
	return fault
}

// IngestURLIsIngest makes a command with --ingest-url accept --ingest, its
// former name.
func IngestURLIsIngest(cmd *cobra.Command) {
	cmd.Flags().SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if name == "ingest" {
			name = "ingest-url"
		}
		return pflag.NormalizedName(name)
	})
}

// Choice is a flag with a fixed set of values; the first one is the default.
type Choice struct {
	values []string
	value  string
}

// ChoiceFlag adds a flag that takes one of values.
func ChoiceFlag(cmd *cobra.Command, name, usage string, values ...string) *Choice {
	c := &Choice{values: values, value: values[0]}
	short := ""
	if name == "format" {
		short = "o"
	}
	cmd.Flags().VarP(c, name, short, usage+": "+strings.Join(values, ", "))
	_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)) // the flag exists
	return c
}

// Zone is a flag whose value is a time zone.
type Zone struct{ Location *time.Location }

// ZoneFlag adds --tz, the zone of times in text; UTC without it.
func ZoneFlag(cmd *cobra.Command) *Zone {
	z := &Zone{time.UTC}
	cmd.Flags().Var(z, "tz", "time zone of times and hours, like Europe/Berlin or Local")
	return z
}

// String returns the zone's name.
func (z *Zone) String() string { return z.Location.String() }

// Type names the flag's values in help.
func (z *Zone) Type() string { return "zone" }

// Set accepts the name of a zone in the IANA database.
func (z *Zone) Set(name string) error {
	location, err := time.LoadLocation(name)
	if err != nil || name == "" {
		return fmt.Errorf("%q is no zone like Europe/Berlin", name)
	}
	z.Location = location
	return nil
}

// String returns the value.
func (c *Choice) String() string { return c.value }

// Type names the flag's values in help.
func (c *Choice) Type() string { return "choice" }

// Set accepts one of the values.
func (c *Choice) Set(s string) error {
	if slices.Contains(c.values, s) {
		c.value = s
		return nil
	}
	return fmt.Errorf("%q is not one of %s", s, strings.Join(c.values, ", "))
}
