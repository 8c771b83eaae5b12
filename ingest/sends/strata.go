package sends

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"glint/ingest/warehouse"
	"glint/schema"
)

// Strata is the division of recipients who may not be measured individually.
// All recipients of a stratum share one pixel URL.
type Strata struct {
	By     string // "": one stratum; StrataProvider; otherwise the name of a column
	Column int    // index of that column
}

// StrataProvider divides by mailbox provider.
const StrataProvider = "provider"

// wholeStratum names the dimension and the stratum of a campaign that is not divided.
const wholeStratum = "all"

// noStratum names the stratum of a blank cell.
const noStratum = "(none)"

func (s Strata) dimension() string { return cmp.Or(s.By, wholeStratum) }

// of returns the stratum of a row.
func (s Strata) of(row *Row) string {
	switch s.By {
	case "":
		return wholeStratum
	case StrataProvider:
		return Provider(row.Recipient)
	}
	name := strings.TrimSpace(row.Cells[s.Column])
	return cmp.Or(name, noStratum)
}

// stratumID derives the id of a stratum from the campaign's key, so that the
// same file gives the same URLs. It is a UUIDv8 like message ids, with a
// separate domain.
func stratumID(c *warehouse.Campaign, dimension, name string) uuid.UUID {
	mac := hmac.New(sha256.New, c.IDKey[:])
	mac.Write([]byte("stratum\x00" + dimension + "\x00" + name))
	id := uuid.UUID(mac.Sum(nil)[:16])
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return id
}

// stratum returns the id of a row's stratum; it adds new ids to ids.
func (b *Batch) stratum(row *Row, ids map[string]uuid.UUID) uuid.UUID {
	name := b.Strata.of(row)
	id, ok := ids[name]
	if !ok {
		id = stratumID(&b.Campaign, b.Strata.dimension(), name)
		ids[name] = id
	}
	return id
}

func (b *Batch) strataList() []warehouse.Stratum {
	var all []warehouse.Stratum
	for name, id := range b.strata {
		all = append(all, warehouse.Stratum{CampaignID: b.Campaign.ID, ID: id, Dimension: b.Strata.dimension(), Name: name})
	}
	slices.SortFunc(all, func(x, y warehouse.Stratum) int { return cmp.Compare(x.Name, y.Name) })
	return all
}

// StrataName returns a text that is equal for batches with the same strata; "" if
// the batch has none. Call Derive first.
func (b *Batch) StrataName() string {
	if len(b.strata) == 0 {
		return ""
	}
	return fmt.Sprintf("strata-%d-%s", b.Campaign.ID, b.strataHash())
}

func (b *Batch) strataHash() string {
	h := sha256.New()
	for _, s := range b.strataList() {
		h.Write(s.ID[:])
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// families are the providers that have a stratum of their own, as the column family
// of the view mailbox_providers.
var families = map[string]string{
	"Gmail": "gmail", "Microsoft": "microsoft", "Yahoo": "yahoo", "Yahoo Japan": "yahoo", "AOL": "yahoo", "Apple": "apple",
}

// Provider returns the stratum of a recipient's mailbox provider: gmail, microsoft,
// yahoo, apple, other, or unknown for a recipient without a domain.
func Provider(recipient string) string {
	at := strings.LastIndexByte(recipient, '@')
	if at < 0 {
		return "unknown"
	}
	return cmp.Or(families[schema.MailboxProvider(recipient[at+1:])], "other")
}
