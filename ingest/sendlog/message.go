package sendlog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"glint/ingest/wal"
	"glint/ingest/warehouse"
)

// message is a line of a record. All lines of a record have the same campaign and
// were posted at the record's time. Absent fields have the zero value.
type message struct {
	CampaignID  uint64             `json:"campaign_id,string"`
	MessageID   uuid.UUID          `json:"message_id"`
	Recipient   string             `json:"recipient"`
	SentAt      time.Time          `json:"sent_at,omitzero"`
	DeliveredAt time.Time          `json:"delivered_at,omitzero"`
	Tracking    warehouse.Tracking `json:"tracking,omitempty"`
	Test        warehouse.Test     `json:"test,omitempty"`
	URLStyle    string             `json:"url_style,omitempty"`
	Attributes  map[string]string  `json:"attributes,omitempty"`
	Stratum     string             `json:"stratum,omitempty"`
	Counted     bool               `json:"counted,omitempty"`
	Before      warehouse.Before   `json:"before,omitzero"`
	No          warehouse.Fate     `json:"no,omitempty"`
}

func encode(p *Post) (*wal.Record, error) {
	var lines bytes.Buffer
	out := json.NewEncoder(&lines)
	for i := range p.Messages {
		m := &p.Messages[i]
		err := out.Encode(message{
			CampaignID: p.Campaign, MessageID: m.MessageID, Recipient: m.Recipient, SentAt: m.SentAt, DeliveredAt: m.DeliveredAt,
			Tracking: m.Tracking, Test: m.Test, URLStyle: m.URLStyle, Attributes: m.Attributes, Stratum: m.Stratum, Counted: m.Counted, Before: m.Before, No: p.No,
		})
		if err != nil {
			return nil, fmt.Errorf("encode registration: %w", err)
		}
	}
	return &wal.Record{
		ReceivedAt: p.Messages[0].At, DecodedBytes: uint64(lines.Len()), Lines: uint32(len(p.Messages)), Body: lines.Bytes(),
	}, nil
}

func decode(r *wal.Record) (p Post, err error) {
	for in := json.NewDecoder(bytes.NewReader(r.Body)); in.More(); {
		var m message
		if err := in.Decode(&m); err != nil {
			return p, err
		}
		p.Campaign, p.No = m.CampaignID, m.No
		p.Messages = append(p.Messages, warehouse.Posted{
			Send: warehouse.Send{
				CampaignID: m.CampaignID, MessageID: m.MessageID, Recipient: m.Recipient, SentAt: m.SentAt, DeliveredAt: m.DeliveredAt,
				Tracking: m.Tracking, Test: m.Test, URLStyle: m.URLStyle, Attributes: m.Attributes, Stratum: m.Stratum,
			},
			At: r.ReceivedAt, Counted: m.Counted, Before: m.Before,
		})
	}
	return p, nil
}
