package sends

import (
	"encoding/csv"
	"io"
	"runtime"
	"slices"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"glint/edge/token"
	"glint/ingest/warehouse"
)

// Batch is a file of recipients with the campaign that they belong to.
type Batch struct {
	Recipients *Recipients
	Campaign   warehouse.Campaign
	SentAt     time.Time // of the rows without one; zero: not known
	BaseURL    string    // as CheckBaseURL returns it
	Style      Style
	Ring       *token.Ring
	Strata     Strata // of aggregate messages

	messages []uuid.UUID
	urls     []string
	tracking []warehouse.Tracking // nil before Decide
	strata   map[string]uuid.UUID // ids of the strata by name
}

// Derive gives each row its message id and pixel URL. It returns
// token.ErrNoKey if the ring has no signing key.
func (b *Batch) Derive() error {
	n := len(b.Recipients.Rows)
	b.messages, b.urls = make([]uuid.UUID, n), make([]string, n)
	b.strata = b.findStrata()
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	const part = 10_000
	for start := 0; start < n; start += part {
		g.Go(func() error { return b.derive(start, min(start+part, n)) })
	}
	return g.Wait()
}

// findStrata returns the ids of all strata that a row of the batch is in.
func (b *Batch) findStrata() map[string]uuid.UUID {
	ids := map[string]uuid.UUID{}
	for i := range b.Recipients.Rows {
		if b.Tracking(i) == warehouse.Aggregate {
			b.stratum(&b.Recipients.Rows[i], ids)
		}
	}
	return ids
}

// derive does the rows from start to end. Their URLs share one string: one
// allocation, not one for each.
func (b *Batch) derive(start, end int) error {
	d := NewDeriver(b.Campaign.IDKey)
	u := urls{base: b.BaseURL, style: b.Style, ring: b.Ring, campaign: token.CampaignID(b.Campaign.ID), issuedAt: uint32(b.Campaign.CreatedAt.Unix())}
	text := make([]byte, 0, (end-start)*u.maxLen())
	ends := make([]int, end-start)
	for i := range ends {
		b.messages[start+i] = d.MessageID(b.Recipients.Rows[start+i].Recipient, 0)
		if t := b.Tracking(start + i); t != warehouse.Off {
			id := b.messages[start+i]
			if t == warehouse.Aggregate {
				_, id = b.stratum(&b.Recipients.Rows[start+i], b.strata) // all are found: nothing is written
			}
			var err error
			if text, err = u.append(text, id, token.Mode(t)); err != nil {
				return err
			}
		}
		ends[i] = len(text)
	}
	all, from := string(text), 0
	for i, to := range ends {
		b.urls[start+i], from = all[from:to], to
	}
	return nil
}

// MessageID returns the id of row i; Derive comes first.
func (b *Batch) MessageID(i int) uuid.UUID { return b.messages[i] }

// URL returns the pixel URL of row i, empty for a message without a pixel; Derive
// comes first.
func (b *Batch) URL(i int) string { return b.urls[i] }

// WriteCSV writes the file's columns and, after them, message_id and pixel_url.
func (b *Batch) WriteCSV(w io.Writer) error {
	c := csv.NewWriter(w)
	if err := c.Write(append(slices.Clone(b.Recipients.Header), "message_id", "pixel_url")); err != nil {
		return err
	}
	var cells []string
	for i := range b.Recipients.Rows {
		cells = append(cells[:0], b.Recipients.Rows[i].Cells...)
		cells = append(cells, b.messages[i].String(), b.urls[i])
		if err := c.Write(cells); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}
