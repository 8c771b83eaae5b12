package privacy

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"glint/cli/internal/home"
	"glint/cli/retention"
	"glint/edge/token"
	"glint/ingest/preferences"
	"glint/ingest/sends"
	"glint/ingest/warehouse"
)

// facts are the values that the texts contain about this installation.
type facts struct {
	Date    string // of today, RFC 3339
	Version string

	Required  bool // the policy: a recipient without a choice is at most counted
	PolicySet bool
	Withdrawn string // as warehouse.ParseFate reads it
	Kept      []retention.Row
	Keys      map[string]int // how many, by state
	Languages []string       // of the preferences page
	Edges     []string       // pixel base URLs of edges that are known to honour privacy modes

	Running  bool           // a glint runs with this home
	Settings *home.Settings // of the running glint; nil: unknown
	Archive  *home.Archive  // likewise; nil: none, or unknown without Settings
}

// gather reads the settings of a home and of the glint that runs with it.
func gather(h home.Home, version string, now time.Time) (*facts, error) {
	f := &facts{Date: now.UTC().Format(time.DateOnly), Version: version, Keys: map[string]int{}}
	consent, err := h.ConsentSettings()
	if err != nil {
		return nil, err
	}
	f.PolicySet, f.Required, f.Withdrawn = consent.Policy != sends.PolicyUnset, consent.Policy == sends.PolicyRequired, withdrawnText(consent.Fate())
	for base := range consent.Edges {
		f.Edges = append(f.Edges, base)
	}
	slices.Sort(f.Edges)
	kept, err := h.Retention()
	if err != nil {
		return nil, err
	}
	f.Kept = retention.Rows(kept)
	keys, err := h.ReadKeys()
	if err != nil {
		return nil, err
	}
	for i := range keys {
		f.Keys[keys[i].State.String()]++
	}
	texts, err := preferences.ReadTexts(h.PreferencesDir())
	if err != nil {
		return nil, fmt.Errorf("read the texts of the preferences page: %w", err)
	}
	for _, tag := range texts.Tags() {
		f.Languages = append(f.Languages, tag.String())
	}
	state, err := h.ReadState()
	switch {
	case errors.Is(err, home.ErrNotRunning):
	case err != nil:
		return nil, err
	default:
		f.Running, f.Settings, f.Archive = true, state.Settings, state.Archive
	}
	return f, nil
}

func withdrawnText(fate warehouse.Fate) string {
	switch fate {
	case warehouse.FateAnonymous:
		return "are counted for the campaign, with the kind of client and the country, and belong to no person"
	case warehouse.FateDrop:
		return "are not kept"
	}
	return "are counted for the campaign by the hour, and belong to no person"
}

// KeptFor returns the retention of a kind.
func (f *facts) KeptFor(kind string) retention.Row {
	for _, row := range f.Kept {
		if row.Kind == kind {
			return row
		}
	}
	return retention.Row{}
}

// Verifies returns the number of keys that verify tokens.
func (f *facts) Verifies() int {
	return f.Keys[token.Signing.String()] + f.Keys[token.Verifying.String()]
}

// HasEdge reports whether requests also come through an edge, which has its own settings:
// the running glint serves no pixel, or accepts Fastly's lines, or mail was registered for
// an edge.
func (f *facts) HasEdge() bool {
	return f.Settings != nil && (!f.Settings.Standalone || len(f.Settings.FastlyServices) > 0 || len(f.Edges) > 0)
}

// Address returns the kept part of an address in words.
func (f *facts) Address() string {
	switch f.Settings.IPPrecision {
	case "full":
		return "the whole IP address"
	case "none":
		return "no IP address"
	}
	return "the IP address cut to /24 (IPv4) or /48 (IPv6)"
}

// Signals returns the effect of a privacy signal as a sentence.
func (f *facts) Signals() string {
	switch f.Settings.PrivacySignals {
	case "aggregate":
		return "A request with `DNT: 1` or `Sec-GPC: 1` is counted for its campaign without a person, or not at all where it cannot be."
	case "off":
		return "Of a request with `DNT: 1` or `Sec-GPC: 1` nothing is kept."
	}
	return "`DNT: 1` and `Sec-GPC: 1` change nothing for opens; visitors of a site who send them are not distinguished."
}
