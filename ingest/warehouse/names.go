package warehouse

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ClickHouse/clickhouse-go/v2"
	"golang.org/x/text/unicode/norm"

	"glint/schema"
)

// MaxCampaignNameBytes bounds the name of a campaign.
const MaxCampaignNameBytes = 200

// ErrCampaignName is wrapped by the errors of CampaignName.
var ErrCampaignName = errors.New("warehouse: unusable campaign name")

type nameError string

func (e nameError) Error() string { return string(e) }
func (e nameError) Unwrap() error { return ErrCampaignName }

// CampaignName returns a name as it is stored, so that names which look equal
// are one: without blanks at both ends, runs of blanks as one, in NFC. Its errors
// wrap ErrCampaignName, and read well behind the name of a setting: a name is
// neither blank nor longer than MaxCampaignNameBytes, and has no control, format
// or other invisible characters.
func CampaignName(name string) (string, error) {
	if !utf8.ValidString(name) {
		return "", nameError("is no UTF-8")
	}
	name = norm.NFC.String(strings.Join(strings.Fields(name), " "))
	switch {
	case name == "":
		return "", nameError("is blank")
	case len(name) > MaxCampaignNameBytes:
		return "", nameError(fmt.Sprintf("has more than %d bytes", MaxCampaignNameBytes))
	case strings.ContainsFunc(name, unicode.IsControl):
		return "", nameError("has control characters")
	}
	for _, r := range name {
		if unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Zl, unicode.Zp) {
			return "", nameError(fmt.Sprintf("has an invisible character (U+%04X)", r))
		}
	}
	return name, nil
}

// NearCampaign is a campaign with a name like one that was asked for.
type NearCampaign struct {
	Name     string
	Distance int // characters to insert, remove or replace, 2 at most for a longer name; 0: only letter case differs
}

// nearCount bounds what NearCampaigns returns.
const nearCount = 3

// NearCampaigns returns the campaigns with names like that one, the nearest
// first, at most three; the campaign of exactly that name is not among them.
func (w *Warehouse) NearCampaigns(ctx context.Context, name string) ([]NearCampaign, error) {
	asked := strings.ToValidUTF8(name, "\ufffd")
	if len(asked) > MaxCampaignNameBytes {
		return nil, nil // no campaign is called so
	}
	if normal, err := CampaignName(name); err == nil {
		asked = normal
	}
	rows, err := w.conn.Query(ctx, schema.Query("nearest_campaigns"),
		clickhouse.Named("campaign", asked), clickhouse.Named("count", nearCount+1))
	if err != nil {
		return nil, fmt.Errorf("find near campaigns: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var near []NearCampaign
	for rows.Next() {
		var c NearCampaign
		var distance int64
		if err := rows.Scan(&c.Name, &distance); err != nil {
			return nil, fmt.Errorf("find near campaigns: %w", err)
		}
		if c.Distance = int(distance); c.Name != asked && c.Name != name && len(near) < nearCount {
			near = append(near, c)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("find near campaigns: %w", err)
	}
	return near, nil
}
