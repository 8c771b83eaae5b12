package sends

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"runtime"
	"slices"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"glint/edge/token"
	"glint/ingest/warehouse"
)

// Batch is a file of recipients with its campaign.
type Batch struct {
	Recipients *Recipients
	Campaign   warehouse.Campaign
	SentAt     time.Time // for rows without one; zero: unknown
	BaseURL    string    // as returned by CheckBaseURL
	Style      Style
	Ring       *token.Ring
	Strata     Strata // for aggregate messages
	// Preferences returns a function that appends the URL of a recipient's
	// page, for one goroutine; nil: no column preferences_url.
	Preferences func() (appendURL func(dst []byte, recipient string) []byte)

	messages []uuid.UUID
	key      [32]byte             // from which the messages are derived
	tracking []warehouse.Tracking // nil before Decide
	no       warehouse.Fate       // fate of recipients who refused, of Decide
	heeded   []warehouse.Tracking // of the messages as they are registered; nil before Heed
	strata   map[string]uuid.UUID // ids of the strata, by name
}

// part is the number of rows that one goroutine processes at a time.
const part = 10_000

// ErrForgotten means that the campaign's key was deleted, so that nothing more
// can be registered in it.
var ErrForgotten = errors.New("sends: the recipients of this campaign were forgotten after the time that glint retention shows; register under another name")

// Derive computes the message id of each row, once for each key. It returns
// token.ErrNoKey if the URLs must be signed and the ring has no signing key.
func (b *Batch) Derive() error {
	if _, err := b.pixels().append(nil, uuid.Nil, token.Identified); err != nil {
		return err
	}
	if b.Campaign.IDKey == [32]byte{} {
		return ErrForgotten
	}
	b.strata = b.findStrata()
	if b.messages == nil || b.key != b.Campaign.IDKey {
		b.messages, b.key = b.MessagesIn(&b.Campaign), b.Campaign.IDKey
	}
	return nil
}

// MessagesIn returns the message ids that the rows have in a campaign.
func (b *Batch) MessagesIn(c *warehouse.Campaign) []uuid.UUID {
	messages := make([]uuid.UUID, len(b.Recipients.Rows))
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for start := 0; start < len(messages); start += part {
		g.Go(func() error {
			d := NewDeriver(c.IDKey)
			for i := start; i < min(start+part, len(messages)); i++ {
				messages[i] = d.MessageID(b.Recipients.Rows[i].Recipient, 0)
			}
			return nil
		})
	}
	_ = g.Wait() // none fails
	return messages
}

func (b *Batch) pixels() *urls {
	return &urls{base: b.BaseURL, style: b.Style, ring: b.Ring, campaign: token.CampaignID(b.Campaign.ID), issuedAt: uint32(b.Campaign.CreatedAt.Unix())}
}

// findStrata returns the ids of all strata in the batch.
func (b *Batch) findStrata() map[string]uuid.UUID {
	ids := map[string]uuid.UUID{}
	for i := range b.Recipients.Rows {
		if b.Tracking(i) == warehouse.Aggregate {
			b.stratum(&b.Recipients.Rows[i], ids)
		}
	}
	return ids
}

// MessageID returns the id of row i. Call Derive first.
func (b *Batch) MessageID(i int) uuid.UUID { return b.messages[i] }

// URL returns the pixel URL of row i, or "" for a message without a pixel. Call
// Derive first.
func (b *Batch) URL(i int) string {
	text, _ := b.appendURL(nil, b.pixels(), i) // Derive has already signed one
	return string(text)
}

func (b *Batch) appendURL(dst []byte, u *urls, i int) ([]byte, error) {
	t, id := b.Tracking(i), b.messages[i]
	switch t {
	case warehouse.Off:
		return dst, nil
	case warehouse.Aggregate:
		id = b.stratum(&b.Recipients.Rows[i], b.strata) // Derive has found all strata, so nothing is written
	}
	return u.append(dst, id, token.Mode(t))
}

// WriteCSV writes the file's columns, followed by message_id, pixel_url and,
// with Preferences, preferences_url. The URLs are created only here, since
// all URLs of a large file would fill the memory.
func (b *Batch) WriteCSV(w io.Writer) error {
	c := csv.NewWriter(w)
	header := append(slices.Clone(b.Recipients.Header), "message_id", "pixel_url")
	if b.Preferences != nil {
		header = append(header, "preferences_url")
	}
	_ = c.Write(header) // Error reports its error, too
	c.Flush()
	if err := c.Error(); err != nil {
		return err
	}
	lines := make([]bytes.Buffer, runtime.GOMAXPROCS(0))
	for next := 0; next < len(b.Recipients.Rows); {
		var g errgroup.Group
		for i := range lines {
			start := next
			next = min(start+part, len(b.Recipients.Rows))
			end := next
			g.Go(func() error { return b.writeLines(&lines[i], start, end) })
		}
		if err := g.Wait(); err != nil {
			return err
		}
		for i := range lines {
			if _, err := lines[i].WriteTo(w); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeLines writes the lines of the rows from start to end.
func (b *Batch) writeLines(w io.Writer, start, end int) error {
	u, c := b.pixels(), csv.NewWriter(w)
	var cells []string
	var url, page []byte
	var err error
	appendPage := func(dst []byte, _ string) []byte { return dst }
	if b.Preferences != nil {
		appendPage = b.Preferences()
	}
	for i := start; i < end; i++ {
		if url, err = b.appendURL(url[:0], u, i); err != nil {
			return err
		}
		cells = append(cells[:0], b.Recipients.Rows[i].Cells...)
		cells = append(cells, b.messages[i].String(), string(url))
		if b.Preferences != nil {
			page = appendPage(page[:0], b.Recipients.Rows[i].Recipient)
			cells = append(cells, string(page))
		}
		if err := c.Write(cells); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}
