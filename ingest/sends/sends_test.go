package sends

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"glint/edge/token"
	"glint/ingest/warehouse"
)

// campaign is the one of the golden ids: everything about it is fixed.
func campaign() warehouse.Campaign {
	c := warehouse.Campaign{ID: 0xfedcba9876543210, Name: "spring", CreatedAt: time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC)}
	for i := range c.IDKey {
		c.IDKey[i] = byte(i)
	}
	return c
}

func ring(tb testing.TB) *token.Ring {
	tb.Helper()
	key := token.Key{ID: 1, State: token.Signing}
	for i := range key.Secret {
		key.Secret[i] = byte(255 - i)
	}
	r, err := token.NewRing(key)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func batch(tb testing.TB, csv string, style Style) *Batch {
	tb.Helper()
	r, err := ReadRecipients(strings.NewReader(csv), ReadOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	b := &Batch{Recipients: r, Campaign: campaign(), BaseURL: "https://pixel.example.com", Style: style, Ring: ring(tb)}
	if err := b.Derive(); err != nil {
		tb.Fatal(err)
	}
	return b
}

func written(tb testing.TB, b *Batch) string {
	tb.Helper()
	var out bytes.Buffer
	if err := b.WriteCSV(&out); err != nil {
		tb.Fatal(err)
	}
	return out.String()
}

const list = "recipient,name\nada@example.com,Ada\n Grace@Example.COM ,\"Hopper, Grace\"\nÖzil@example.com,\n"

// TestIDsAndURLsAreFrozen pins the ids and URLs in mails that were sent. A change of
// this table breaks every campaign that is registered again.
func TestIDsAndURLsAreFrozen(t *testing.T) {
	const tokens = `recipient,name,message_id,pixel_url
ada@example.com,Ada,9c1154ed-8ad4-8a8b-8124-4203036bf909,https://pixel.example.com/o/EAH-3LqYdlQyEJwRVO2K1IqLgSRCAwNr-QlrAWSY6Otfn49lhZY1og.gif
" Grace@Example.COM ","Hopper, Grace",502e7ed7-cea7-8148-8def-36a6be999e09,https://pixel.example.com/o/EAH-3LqYdlQyEFAuftfOp4FIje82pr6ZnglrAWSYkVu16LHTUyeJJQ.gif
Özil@example.com,,db822a9c-d0ab-8405-bbc2-7766c6d697cb,https://pixel.example.com/o/EAH-3LqYdlQyENuCKpzQq4QFu8J3ZsbWl8trAWSYASsyp2CLb0sDuw.gif
`
	const uuids = `recipient,name,message_id,pixel_url
ada@example.com,Ada,9c1154ed-8ad4-8a8b-8124-4203036bf909,https://pixel.example.com/pixel/9c1154ed-8ad4-8a8b-8124-4203036bf909.png
" Grace@Example.COM ","Hopper, Grace",502e7ed7-cea7-8148-8def-36a6be999e09,https://pixel.example.com/pixel/502e7ed7-cea7-8148-8def-36a6be999e09.png
Özil@example.com,,db822a9c-d0ab-8405-bbc2-7766c6d697cb,https://pixel.example.com/pixel/db822a9c-d0ab-8405-bbc2-7766c6d697cb.png
`
	if diff := cmp.Diff(tokens, written(t, batch(t, list, StyleToken))); diff != "" {
		t.Errorf("token URLs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(uuids, written(t, batch(t, list, StyleUUID))); diff != "" {
		t.Errorf("UUID URLs (-want +got):\n%s", diff)
	}
}

func TestMessageIDs(t *testing.T) {
	a, b := NewDeriver([32]byte{1}), NewDeriver([32]byte{2})
	id := a.MessageID("ada@example.com", 0)
	if id.Version() != 8 || id.Variant() != uuid.RFC4122 {
		t.Errorf("%v is no UUIDv8 of RFC 9562", id)
	}
	if again := a.MessageID("ada@example.com", 0); again != id {
		t.Errorf("the same recipient has %v, then %v", id, again)
	}
	for name, other := range map[string]uuid.UUID{
		"another recipient":           a.MessageID("grace@example.com", 0),
		"the next message":            a.MessageID("ada@example.com", 1),
		"another campaign":            b.MessageID("ada@example.com", 0),
		"a recipient with more in it": a.MessageID("ada@example.com\x00", 0),
	} {
		if other == id {
			t.Errorf("%s has the same id", name)
		}
	}
}

func TestTokensOpenToTheirMessage(t *testing.T) {
	b := batch(t, list, StyleToken)
	for i := range b.Recipients.Rows {
		text := strings.TrimSuffix(strings.TrimPrefix(b.URL(i), "https://pixel.example.com/o/"), ".gif")
		got, err := b.Ring.Open(text)
		want := token.Token{Campaign: token.CampaignID(b.Campaign.ID), Message: token.MessageID(b.MessageID(i)), IssuedAt: 1795253400, Key: 1}
		if err != nil || got != want {
			t.Errorf("row %d: %s opens to %+v, %v; want %+v", i, text, got, err, want)
		}
	}
}

func TestManyRowsGiveTheSameBytesEachTime(t *testing.T) {
	var csv strings.Builder
	csv.WriteString("name,recipient\n")
	for i := range 25_000 { // three parts of Derive
		fmt.Fprintf(&csv, "n%d,r%d@example.com\n", i, i)
	}
	first := written(t, batch(t, csv.String(), StyleToken))
	if again := written(t, batch(t, csv.String(), StyleToken)); again != first {
		t.Error("the same file gave other bytes")
	}
	if n := strings.Count(first, "\n"); n != 25_001 {
		t.Errorf("%d lines, want 25001", n)
	}
	// The order of the file decides nothing but the order of the output.
	b := batch(t, "name,recipient\nx,r24999@example.com\nn0,r0@example.com\n", StyleToken)
	if !strings.Contains(first, b.URL(0)) || !strings.Contains(first, b.URL(1)) {
		t.Error("a recipient's URL depends on their place in the file")
	}
}

func TestRingWithoutSigningKeySignsNothing(t *testing.T) {
	b := batch(t, list, StyleUUID)
	b.Ring, b.Style = &token.Ring{}, StyleToken
	if err := b.Derive(); !errors.Is(err, token.ErrNoKey) {
		t.Errorf("Derive: %v, want ErrNoKey", err)
	}
}

func TestMessageThatIsOffHasNoURL(t *testing.T) {
	b := batch(t, "recipient,tracking\na,\nb,off\n", StyleToken)
	if b.URL(0) == "" || b.URL(1) != "" {
		t.Errorf("URLs %q and %q; want none for the second", b.URL(0), b.URL(1))
	}
	if text := written(t, b); !strings.HasSuffix(text, "\nb,off,"+b.MessageID(1).String()+",\n") {
		t.Errorf("written: %q", text)
	}
	b.Campaign.Tracking = warehouse.Off
	if err := b.Derive(); err != nil {
		t.Fatal(err)
	}
	if b.URL(0) != "" {
		t.Errorf("in a campaign without tracking a message has the URL %q", b.URL(0))
	}
}
