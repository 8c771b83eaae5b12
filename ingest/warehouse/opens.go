package warehouse

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"
)

// Open is one row of the table opens: the facts of one event and the verdict.
type Open struct {
	CampaignID       uint64
	MessageID        uuid.UUID
	OpenedAt         time.Time // UTC, milliseconds
	EventID          uint64
	ReceivedAt       time.Time // UTC, milliseconds
	UserAgent        string
	IP               netip.Addr // zero: not kept
	Network          string
	ASNumber         uint32
	Country          string
	Region           string
	ProxyType        string
	ProxyDescription string
	Method           string
	HeaderBits       uint16
	RefererHost      string
	TokenStatus      int8 // as the table's Enum8
	Class            int8 // as the table's Enum8
	Reason           string
	Client           string
	RulesetVersion   uint16
	VerdictVersion   uint32
	POP              string
	Source           string
	Extra            string
}

// openColumns are the columns of opens in the order of values.
var openColumns = []string{
	"campaign_id", "message_id", "opened_at", "event_id", "received_at",
	"user_agent", "ip", "network", "as_number", "country", "region", "proxy_type", "proxy_description",
	"method", "header_bits", "referer_host", "token_status",
	"class", "reason", "client", "ruleset_version", "verdict_version",
	"pop", "source", "extra",
}

func (o *Open) values(dst []any) []any {
	ip := netip.IPv6Unspecified()
	if o.IP.IsValid() {
		ip = netip.AddrFrom16(o.IP.As16())
	}
	return append(dst,
		o.CampaignID, o.MessageID, o.OpenedAt, o.EventID, o.ReceivedAt,
		o.UserAgent, ip, o.Network, o.ASNumber, o.Country, o.Region, o.ProxyType, o.ProxyDescription,
		o.Method, o.HeaderBits, o.RefererHost, o.TokenStatus,
		o.Class, o.Reason, o.Client, o.RulesetVersion, o.VerdictVersion,
		o.POP, o.Source, o.Extra)
}

// InsertOpens inserts the rows under name: see Warehouse.insert.
func (w *Warehouse) InsertOpens(ctx context.Context, name string, opens []Open) error {
	return w.insert(ctx, "opens", openColumns, name, func(b driver.Batch) error {
		values := make([]any, 0, len(openColumns))
		for i := range opens {
			if err := b.Append(opens[i].values(values)...); err != nil {
				return fmt.Errorf("row %d: %w", i, err)
			}
		}
		return nil
	})
}
