package warehouse

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"glint/schema"
)

// ErrNoCampaign is returned for a campaign that does not exist.
var ErrNoCampaign = errors.New("warehouse: no such campaign")

// Campaign is a campaign with the key of its message ids. The key is a secret:
// who has it can tell which recipient a message id stands for.
type Campaign struct {
	ID        uint64
	Name      string
	CreatedAt time.Time
	IDKey     [32]byte
}

// CampaignNamed returns the campaign of that name, the oldest one if a race made
// two, or ErrNoCampaign.
func (w *Warehouse) CampaignNamed(ctx context.Context, name string) (Campaign, error) {
	c := Campaign{Name: name}
	var key string
	err := w.conn.QueryRow(ctx, schema.Query("campaign_key"), clickhouse.Named("campaign", name)).
		Scan(&c.ID, &c.CreatedAt, &key)
	if errors.Is(err, sql.ErrNoRows) {
		return c, ErrNoCampaign
	}
	if err != nil {
		return c, fmt.Errorf("find campaign: %w", err)
	}
	copy(c.IDKey[:], key)
	return c, nil
}

// EnsureCampaign returns the campaign of that name and makes it if there is
// none. Two callers at once get the same one.
func (w *Warehouse) EnsureCampaign(ctx context.Context, name string) (Campaign, error) {
	c, err := w.CampaignNamed(ctx, name)
	if !errors.Is(err, ErrNoCampaign) {
		return c, err
	}
	fresh := NewCampaign(name)
	ctx2 := clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"async_insert": 0}))
	err = w.conn.Exec(ctx2,
		"INSERT INTO "+Database+".campaigns (campaign_id, name, created_at, id_key) SELECT {id:UInt64}, {name:String}, "+
			"fromUnixTimestamp64Milli({created_at:Int64}, 'UTC'), unhex({id_key:String})",
		clickhouse.Named("id", fresh.ID), clickhouse.Named("name", name),
		clickhouse.Named("created_at", fresh.CreatedAt.UnixMilli()),
		clickhouse.Named("id_key", fmt.Sprintf("%x", fresh.IDKey)))
	if err != nil {
		return c, fmt.Errorf("make campaign: %w", err)
	}
	return w.CampaignNamed(ctx, name) // the oldest of that name, which may be somebody else's
}

// NewCampaign returns a campaign that is in no warehouse yet, with a random id
// and key.
func NewCampaign(name string) Campaign {
	c := Campaign{Name: name, CreatedAt: time.Now().UTC().Truncate(time.Millisecond)}
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	c.ID = binary.BigEndian.Uint64(b[:])
	_, _ = rand.Read(c.IDKey[:])
	return c
}
