package warehouse

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// ErrNoCampaign is returned for a campaign that does not exist.
var ErrNoCampaign = errors.New("warehouse: no such campaign")

// Campaign is a campaign with the key of its message ids. The key is secret:
// with it a message id leads to its recipient.
type Campaign struct {
	ID        uint64
	Name      string
	Subject   string
	Variant   string
	Tracking  Tracking // limit for its messages
	Archived  bool
	SentKnown bool // false: the number of sent messages is unknown
	CreatedAt time.Time
	UpdatedAt time.Time // time of the last DescribeCampaign; zero: never
	IDKey     [32]byte
}

// CampaignNamed returns the campaign of that name, the oldest one if a race
// created two, or ErrNoCampaign. It looks for the normalized name (see
// CampaignName), then for the name as given, which finds campaigns older than
// that rule.
func (w *Warehouse) CampaignNamed(ctx context.Context, name string) (c Campaign, err error) {
	err = ErrNoCampaign
	for _, form := range nameForms(name) {
		if c, err = w.campaignNamed(ctx, form); !errors.Is(err, ErrNoCampaign) {
			return c, err
		}
	}
	return c, err
}

// nameForms returns the names under which a campaign may be stored.
func nameForms(name string) []string {
	normal, err := CampaignName(name)
	if err != nil || normal == name {
		return []string{name}
	}
	return []string{normal, name}
}

func (w *Warehouse) campaignNamed(ctx context.Context, name string) (Campaign, error) {
	c := Campaign{Name: name}
	var key string
	var tracking int8
	var found uint64
	err := w.ask(ctx, "campaign_key", []any{clickhouse.Named("campaign", name)},
		&found, &c.ID, &c.CreatedAt, &key, &c.Subject, &c.Variant, &tracking, &c.Archived, &c.SentKnown)
	if err != nil {
		return c, fmt.Errorf("find campaign: %w", err)
	}
	if found == 0 {
		return Campaign{Name: name}, ErrNoCampaign
	}
	c.Tracking = Tracking(tracking)
	copy(c.IDKey[:], key)
	return c, nil
}

// EnsureCampaign returns the campaign of that name, as CampaignNamed does, and
// creates it if it is missing, under its normalized name. Two concurrent
// callers get the same one: their inserts have the same name, so ClickHouse
// accepts only the first. It returns the error of CampaignName for an invalid
// name.
func (w *Warehouse) EnsureCampaign(ctx context.Context, name string) (Campaign, error) {
	return w.ensureCampaign(ctx, name, true)
}

// EnsureImportedCampaign is EnsureCampaign for a campaign whose number of sent
// messages is unknown. An existing campaign is not changed.
func (w *Warehouse) EnsureImportedCampaign(ctx context.Context, name string) (Campaign, error) {
	return w.ensureCampaign(ctx, name, false)
}

func (w *Warehouse) ensureCampaign(ctx context.Context, name string, sentKnown bool) (Campaign, error) {
	c, err := w.CampaignNamed(ctx, name)
	if !errors.Is(err, ErrNoCampaign) {
		return c, err
	}
	if name, err = CampaignName(name); err != nil {
		return c, fmt.Errorf("make campaign: the name %w", err)
	}
	fresh := NewCampaign(name)
	fresh.SentKnown = sentKnown
	sum := sha256.Sum256([]byte(name))
	insertName := "campaign-" + hex.EncodeToString(sum[:])
	for range 2 {
		if err := insert(ctx, w, "campaigns", campaignColumns, insertName, []Campaign{fresh}); err != nil {
			return c, fmt.Errorf("make campaign: %w", err)
		}
		if c, err = w.campaignNamed(ctx, name); !errors.Is(err, ErrNoCampaign) {
			return c, err
		}
		// ClickHouse still remembers that insert, but the campaign has been
		// renamed since.
		insertName += "-" + strconv.FormatUint(fresh.ID, 10)
	}
	return c, err
}

// DescribeCampaign sets the subject, the variant and the tracking limit of a
// campaign returned by CampaignNamed, and returns the result. Empty texts
// change nothing, and the limit can only become narrower. From then on the
// number of sent messages is known. Without a difference nothing is written.
func (w *Warehouse) DescribeCampaign(ctx context.Context, c Campaign, subject, variant string, tracking Tracking) (Campaign, error) {
	described := c
	described.Subject, described.Variant = cmp.Or(subject, c.Subject), cmp.Or(variant, c.Variant)
	described.Tracking, described.SentKnown = max(tracking, c.Tracking), true
	if described == c {
		return c, nil
	}
	return w.ChangeCampaign(ctx, c, described)
}

// ChangeCampaign replaces a campaign, as returned by CampaignNamed, by changed,
// which has the same id and key. It returns the stored campaign.
func (w *Warehouse) ChangeCampaign(ctx context.Context, c, changed Campaign) (Campaign, error) {
	changed.UpdatedAt = time.Now().UTC().Truncate(time.Millisecond)
	if !changed.UpdatedAt.After(c.CreatedAt) { // the clock of the machine that created it may be ahead
		changed.UpdatedAt = c.CreatedAt.Add(time.Millisecond)
	}
	name := fmt.Sprintf("describe-%d-%s", c.ID, rand.Text())
	if err := insert(ctx, w, "campaigns", campaignColumns, name, []Campaign{changed}); err != nil {
		return c, fmt.Errorf("change campaign: %w", err)
	}
	return changed, nil
}

var campaignColumns = []column[Campaign]{
	{"campaign_id", of(func(c *Campaign) uint64 { return c.ID })},
	{"name", of(func(c *Campaign) string { return c.Name })},
	{"subject", of(func(c *Campaign) string { return c.Subject })},
	{"variant", of(func(c *Campaign) string { return c.Variant })},
	{"tracking", of(func(c *Campaign) int8 { return int8(c.Tracking) })},
	{"archived", of(func(c *Campaign) uint8 { return flag(c.Archived) })},
	{"sent_known", of(func(c *Campaign) uint8 { return flag(c.SentKnown) })},
	{"created_at", of(func(c *Campaign) int64 { return c.CreatedAt.UnixMilli() })},
	{"id_key", of(func(c *Campaign) string { return string(c.IDKey[:]) })},
	{"updated_at", of(func(c *Campaign) int64 { return max(c.CreatedAt.UnixMilli(), c.UpdatedAt.UnixMilli()) })},
}

// NewCampaign returns a campaign with a random id and key. It does not store
// it.
func NewCampaign(name string) Campaign {
	c := Campaign{Name: name, SentKnown: true, CreatedAt: time.Now().UTC().Truncate(time.Millisecond)}
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	c.ID = binary.BigEndian.Uint64(b[:])
	_, _ = rand.Read(c.IDKey[:])
	return c
}
