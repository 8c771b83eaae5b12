package warehouse

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/google/uuid"
)

func TestRacingCallersGetOneCampaign(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	const callers, names = 16, 5
	for n := range names {
		name := fmt.Sprint("Spring ", n)
		got := make([]Campaign, callers)
		var wg sync.WaitGroup
		for i := range callers {
			wg.Go(func() {
				var err error
				if got[i], err = w.EnsureCampaign(t.Context(), name); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for i := range got {
			if got[i] != got[0] || got[i].ID == 0 || got[i].IDKey == [32]byte{} {
				t.Errorf("caller %d got campaign %d, caller 0 %d", i, got[i].ID, got[0].ID)
			}
		}
	}
	if got := text(t, e, "SELECT count(), uniqExact(name) FROM campaigns"); got != "5\t5\n" {
		t.Errorf("rows and names: %s", got)
	}
}

func TestACampaignKeepsItsKey(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	first, err := w.EnsureCampaign(t.Context(), "tab\t'quote' ä")
	if err != nil {
		t.Fatal(err)
	}
	again, err := w.EnsureCampaign(t.Context(), "tab\t'quote' ä")
	if err != nil || again != first {
		t.Errorf("%+v, %v", again, err)
	}
	named, err := w.CampaignNamed(t.Context(), first.Name)
	if err != nil || named != first {
		t.Errorf("%+v, %v", named, err)
	}
	if _, err := w.CampaignNamed(t.Context(), "other"); !errors.Is(err, ErrNoCampaign) {
		t.Errorf("%v", err)
	}
}

func TestANameThatWasGivenAwayCanBeUsedAgain(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	old, err := w.EnsureCampaign(t.Context(), "Spring")
	if err != nil {
		t.Fatal(err)
	}
	text(t, e, "INSERT INTO campaigns (campaign_id, name, created_at, id_key, updated_at) "+
		"SELECT campaign_id, 'Spring 2025', created_at, id_key, updated_at + 1 FROM campaigns")
	fresh, err := w.EnsureCampaign(t.Context(), "Spring")
	if err != nil || fresh.ID == old.ID {
		t.Errorf("%d, %v; the old one is %d", fresh.ID, err, old.ID)
	}
}

func TestCampaignsOfTenThousandMessages(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	if found, err := w.CampaignsOf(t.Context(), nil); err != nil || len(found) != 0 {
		t.Errorf("of none: %v, %v", found, err)
	}
	var sends []Send
	var ids []uuid.UUID
	for i, o := range manyOpens(0, 10_000) {
		ids = append(ids, o.MessageID)
		if i%2 == 0 {
			sends = append(sends, Send{CampaignID: uint64(i + 1), MessageID: o.MessageID, Recipient: "a"})
		}
	}
	for i := range 2 { // registered twice
		if err := w.InsertSends(t.Context(), fmt.Sprint("many ", i), sends); err != nil {
			t.Fatal(err)
		}
	}
	found, err := w.CampaignsOf(t.Context(), ids)
	if err != nil || len(found) != len(sends) {
		t.Fatalf("%d found, want %d: %v", len(found), len(sends), err)
	}
	for i, id := range ids {
		campaign, ok := found[id]
		if ok != (i%2 == 0) || ok && campaign != uint64(i+1) {
			t.Fatalf("message %d is of campaign %d, %v", i, campaign, ok)
		}
	}
}

func TestReportByNameAndById(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	c, err := w.EnsureCampaign(t.Context(), "Spring")
	if err != nil {
		t.Fatal(err)
	}
	opens := manyOpens(c.ID, 4) // of classes 0 to 3
	var sends []Send
	for i := range opens {
		opens[i].Reason = "apple_mpp"
		sends = append(sends, Send{CampaignID: c.ID, MessageID: opens[i].MessageID, Recipient: strconv.Itoa(i)})
	}
	if err := errors.Join(w.InsertSends(t.Context(), "s", sends), w.InsertOpens(t.Context(), "o", opens)); err != nil {
		t.Fatal(err)
	}
	number, err := w.EnsureCampaign(t.Context(), strconv.FormatUint(c.ID, 10))
	if err != nil {
		t.Fatal(err)
	}
	for asked, want := range map[string]uint64{
		"Spring":                           c.ID,
		strconv.FormatUint(c.ID, 10):       number.ID, // a name goes before an id
		strconv.FormatUint(number.ID, 10):  number.ID,
		"0" + strconv.FormatUint(c.ID, 10): c.ID,
	} {
		r, err := w.ReportOf(t.Context(), asked)
		if err != nil || r.CampaignID != want {
			t.Errorf("%s: %+v, %v", asked, r, err)
		}
	}
	r, err := w.ReportOf(t.Context(), "Spring")
	if err != nil {
		t.Fatal(err)
	}
	if r.Campaign != "Spring" || r.Sends != 4 || r.OpensTotal != 4 || r.UniqueOpens != 4 || r.ReliableUniqueOpens != 2 || r.MPPOnly != 1 ||
		len(r.Classes) != 4 || r.FirstOpenAt == nil || !r.FirstOpenAt.Equal(noon) || r.MPPAdjustedOpenRate == nil || *r.MPPAdjustedOpenRate != 2.0/3 {
		t.Errorf("got %+v", r)
	}
	before := slices.Clone(r.Classes)
	if err := w.readNumbers(t.Context(), c.ID, r); err != nil || !slices.Equal(r.Classes, before) { // as after a run of judge in between
		t.Errorf("read again: classes %v instead of %v, %v", r.Classes, before, err)
	}
	opened, err := w.OpenedMessages(t.Context(), c.ID)
	if err != nil || len(opened) != 4 || !opened[opens[0].MessageID] {
		t.Errorf("opened: %v, %v", opened, err)
	}
}

func TestTheReportOfANameIsThatOfItsPresentCampaign(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	for id, statement := range []string{
		1: "INSERT INTO campaigns (campaign_id, name, created_at) VALUES (1, 'Spring', '2026-03-01 00:00:00')",
		2: "INSERT INTO campaigns (campaign_id, name, created_at) VALUES (1, 'Summer', '2026-03-01 00:00:00'), (2, 'Spring', '2026-03-02 00:00:00')",
		3: "TRUNCATE TABLE campaigns",
	} {
		if statement == "" {
			continue
		}
		text(t, e, statement)
		for range 2 {
			r, err := w.ReportOf(t.Context(), "Spring")
			if id == 3 && !errors.Is(err, ErrNoCampaign) || id < 3 && (err != nil || r.CampaignID != uint64(id)) {
				t.Errorf("after %s: %+v, %v", statement, r, err)
			}
		}
	}
}

func TestNoSuchCampaign(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	for _, asked := range []string{"", "Spring", "12345", "-1", "18446744073709551616"} {
		if _, err := w.ReportOf(t.Context(), asked); !errors.Is(err, ErrNoCampaign) {
			t.Errorf("%q: %v", asked, err)
		}
	}
}
