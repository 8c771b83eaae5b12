package app

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"glint/cli/internal/home"
	"glint/ingest/sends"
	"glint/ingest/warehouse"
)

// ConsentFlags are the flags that change the home's consent settings.
type ConsentFlags struct {
	cmd               *cobra.Command
	policy, withdrawn string
	weaken            bool
}

// AddConsentFlags adds --consent to a command. If weaken is set, it may also
// change required to none, and --withdrawn is added.
func AddConsentFlags(cmd *cobra.Command, weaken bool) *ConsentFlags {
	f := &ConsentFlags{cmd: cmd, weaken: weaken}
	cmd.Flags().StringVar(&f.policy, "consent", "", "policy for recipients without a choice, stored in the home: none (opens are measured), required (at most aggregate); default: the stored policy")
	if weaken {
		cmd.Flags().StringVar(&f.withdrawn, "withdrawn", "", "treatment of the opens of recipients who refuse or withdraw, stored in the home: aggregate (default), anonymous, delete")
	}
	return f
}

// Apply checks the flags, stores them in the home, and returns the resulting
// settings. If keep is false, it changes nothing. A nil f only reads the
// settings.
func (f *ConsentFlags) Apply(h home.Home, keep bool) (home.ConsentSettings, error) {
	if f == nil {
		return h.ConsentSettings()
	}
	policy, err := sends.ParsePolicy(f.policy)
	if err != nil {
		return home.ConsentSettings{}, UsageOf(f.cmd, errors.New("--consent is not one of none, required"))
	}
	if _, err := warehouse.ParseFate(f.withdrawn); err != nil {
		return home.ConsentSettings{}, UsageOf(f.cmd, errors.New("--withdrawn is not one of aggregate, anonymous, delete"))
	}
	s, err := h.ConsentSettings()
	if err != nil || policy == sends.PolicyUnset && f.withdrawn == "" {
		return s, err
	}
	change := func(s *home.ConsentSettings) error {
		if policy == sends.PolicyNone && s.Policy == sends.PolicyRequired && !f.weaken {
			return UsageTry(errors.New("the policy of this home is required, which --consent none would weaken"),
				"glint up --consent none, or glint serve, which change the policy")
		}
		if policy != sends.PolicyUnset {
			s.Policy = policy
		}
		if f.withdrawn != "" {
			s.Withdrawn = f.withdrawn
		}
		return nil
	}
	if !keep {
		return s, change(&s)
	}
	err = h.UpdateConsentSettings(func(kept *home.ConsentSettings) error {
		err := change(kept)
		s = *kept
		return err
	})
	if err != nil {
		return s, fmt.Errorf("set the consent policy: %w", err)
	}
	return s, nil
}
