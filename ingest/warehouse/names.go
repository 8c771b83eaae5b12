package warehouse

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ClickHouse/clickhouse-go/v2"
	"golang.org/x/text/unicode/norm"

	"glint/schema"
)

// MaxCampaignNameBytes is the longest name of a campaign.
const MaxCampaignNameBytes = 200

// ErrCampaignName is wrapped by the errors of CampaignName.
var ErrCampaignName = errors.New("warehouse: unusable campaign name")

type nameError string

func (e nameError) Error() string { return string(e) }
func (e nameError) Unwrap() error { return ErrCampaignName }

// CampaignName normalizes a name, so that names which look equal are equal: it
// trims blanks, collapses runs of blanks, and applies NFC. It returns an error
// around ErrCampaignName for a name that is blank, longer than
// MaxCampaignNameBytes, or has control, format or other invisible characters.
// The error's text is meant to follow the name of a setting.
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

// NearCampaign is a campaign with a name similar to the requested one.
type NearCampaign struct {
	Name     string
	Distance int // characters to insert, remove or replace, 2 at most for a longer name; 0: only letter case differs
}

// nearCount is the most that NearCampaigns returns.
const nearCount = 3

// NearCampaigns returns at most three campaigns with similar names, the nearest
// first, without the campaign of exactly that name.
func (w *Warehouse) NearCampaigns(ctx context.Context, name string) ([]NearCampaign, error) {
	asked := strings.ToValidUTF8(name, "\ufffd")
	if len(asked) > MaxCampaignNameBytes {
		return nil, nil // no campaign has such a name
	}
	if normal, err := CampaignName(name); err == nil {
		asked = normal
	}
	rows, err := w.conn.Query(ctx, schema.Query("nearest_campaigns"), clickhouse.Named("campaign", asked))
	if err != nil {
		return nil, fmt.Errorf("find near campaigns: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var near []NearCampaign
	for rows.Next() {
		var c NearCampaign
		if err := rows.Scan(&c.Name); err != nil {
			return nil, fmt.Errorf("find near campaigns: %w", err)
		}
		c.Distance = nameDistance(c.Name, asked)
		if 2*c.Distance <= utf8.RuneCountInString(asked) && c.Name != asked && c.Name != name {
			near = append(near, c)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("find near campaigns: %w", err)
	}
	slices.SortFunc(near, func(a, b NearCampaign) int {
		return cmp.Or(cmp.Compare(a.Distance, b.Distance), strings.Compare(a.Name, b.Name))
	})
	return near[:min(len(near), nearCount)], nil
}

// nameDistance returns the number of characters to insert, remove or replace to turn one
// name into the other, ignoring case (Levenshtein 1966). A name that contains the wanted
// one has at most distance 2.
func nameDistance(name, asked string) int {
	lower := strings.ToLower(name)
	a, b := []rune(lower), []rune(strings.ToLower(asked))
	row := make([]int, len(b)+1) // distances of the part of a read so far to each beginning of b
	for j := range row {
		row[j] = j
	}
	for i := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j := range b {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	if asked != "" && strings.Contains(lower, string(b)) {
		return min(2, row[len(b)])
	}
	return row[len(b)]
}
