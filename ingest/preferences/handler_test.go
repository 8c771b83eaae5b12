package preferences

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"glint/ingest/consent"
	"glint/ingest/warehouse"
)

// TestScannersMustNotWithdrawForPeople: they follow links, and send no forms.
func TestScannersMustNotWithdrawForPeople(t *testing.T) {
	h := newHouse(t, t.TempDir(), AgreeLink)
	h.ledger.now[someone] = warehouse.Decision{Choice: warehouse.Agreed, DecidedAt: testTime.Add(-time.Hour)}
	for i := range 100 {
		for _, path := range []string{h.page(), h.agreement()} {
			query := []string{"", "?choice=refused", "?List-Unsubscribe=One-Click", "?secret=x&choice=agreed", "?lang=de"}[i%5]
			method := []string{http.MethodGet, http.MethodHead, http.MethodGet}[i%3]
			if w := h.ask(method, path+query, ""); w.Code != http.StatusOK || (w.Body.Len() == 0) != (method == http.MethodHead) {
				t.Fatalf("%s: %d, %d bytes", method, w.Code, w.Body.Len())
			}
		}
		for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodOptions, http.MethodPatch} {
			if w := h.ask(method, h.page(), "List-Unsubscribe=One-Click"); w.Code != http.StatusMethodNotAllowed {
				t.Fatalf("%s: %d", method, w.Code)
			}
		}
	}
	if len(h.ledger.changes) != 0 {
		t.Errorf("changed: %+v", h.ledger.changes)
	}
}

func TestPostsWithoutASecretChangeNothing(t *testing.T) {
	h := newHouse(t, t.TempDir(), AgreeLink)
	own := h.form(t, h.page())
	other := Path + string(h.signer.AppendPage(nil, warehouse.RecipientKey{9}, h.now))
	old := h.form(t, h.page())
	for name, form := range map[string]string{
		"empty":           "x=",
		"no secret":       "choice=refused",
		"secret of other": "choice=refused&" + h.form(t, other).Encode(),
		"other text":      "choice=refused&secret=" + own.Get("secret") + "&text=" + strings.Repeat("0", 64) + "+1+en",
		"no choice":       own.Encode(),
		"odd choice":      "choice=perhaps&" + own.Encode(),
		"broken":          "choice=%zz",
		"too large":       "choice=refused&x=" + strings.Repeat("x", maxFormBytes) + "&" + own.Encode(),
		"agreement":       "choice=agreed&" + own.Encode(),
		"one click":       "choice=agreed&List-Unsubscribe=yes",
	} {
		w := h.ask(http.MethodPost, h.page(), form)
		if w.Code/100 != 4 {
			t.Errorf("%s: %d", name, w.Code)
		}
		h.now = h.now.Add(2 * time.Minute) // for the rate
	}
	h.now = testTime.Add(secretTime + time.Minute)
	if w := h.ask(http.MethodPost, h.page(), "choice=refused&"+old.Encode()); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "open for too long") {
		t.Errorf("an old page: %d", w.Code)
	}
	r := h.ask(http.MethodPost, h.page(), "", "Content-Type", "application/json")
	if r.Code != http.StatusBadRequest {
		t.Errorf("no form: %d", r.Code)
	}
	if len(h.ledger.changes) != 0 {
		t.Errorf("changed: %+v", h.ledger.changes)
	}
}

func TestARefusalIsRecordedWithItsText(t *testing.T) {
	h := newHouse(t, t.TempDir(), AgreeOff)
	form := h.form(t, h.page()+"?lang=fr")
	form.Set("choice", "refused")
	w := h.ask(http.MethodPost, h.page()+"?lang=fr", form.Encode())
	texts, err := ReadTexts("")
	if err != nil {
		t.Fatal(err)
	}
	text := texts.Text(texts.Choose("fr", ""))
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), text.SavedRefused) || len(h.ledger.changes) != 1 {
		t.Fatalf("%d, %+v", w.Code, h.ledger.changes)
	}
	want := consent.Change{
		Recipient: someone, Purpose: consent.PurposeOpens, Choice: warehouse.Refused, DecidedAt: testTime, Method: "preferences",
		TextHash: text.Hash(), TextVersion: "glint-1 fr",
	}
	if h.ledger.changes[0] != want {
		t.Errorf("%+v", h.ledger.changes[0])
	}
	h.now = h.now.Add(time.Hour)
	h.choose(t, h.page(), "refused") // completes what was cut off, and adds nothing
	if again := h.ledger.changes[1]; again.DecidedAt != testTime || again.Choice != warehouse.Refused {
		t.Errorf("again: %+v", again)
	}
}

func TestAgreeingNeedsMoreThanTheLink(t *testing.T) {
	h := newHouse(t, t.TempDir(), AgreeLink)
	if w := h.choose(t, h.page(), "agreed"); w.Code != http.StatusForbidden {
		t.Errorf("by the link of the mail: %d", w.Code)
	}
	link := h.agreement()
	h.now = h.now.Add(time.Hour)
	w := h.choose(t, link, "agreed")
	if w.Code != http.StatusOK || len(h.ledger.changes) != 1 || h.ledger.changes[0].Choice != warehouse.Agreed {
		t.Fatalf("%d, %+v", w.Code, h.ledger.changes)
	}
	h.now = h.now.Add(time.Hour)
	h.choose(t, h.page(), "refused")
	if c := h.ledger.changes[1]; c.Choice != warehouse.Withdrawn {
		t.Errorf("%+v", c)
	}
	h.now = h.now.Add(time.Hour)
	if w := h.choose(t, link, "agreed"); w.Code != http.StatusForbidden || len(h.ledger.changes) != 2 {
		t.Errorf("an older link takes a refusal back: %d", w.Code)
	}
	off := newHouse(t, t.TempDir(), AgreeOff)
	if w := off.choose(t, off.agreement(), "agreed"); w.Code != http.StatusForbidden || len(off.ledger.changes) != 0 {
		t.Errorf("though it is off: %d", w.Code)
	}
}

// TestOneClickMayOnlyRefuse: RFC 8058 §3.1 and §3.2.
func TestOneClickMayOnlyRefuse(t *testing.T) {
	var multi bytes.Buffer
	m := multipart.NewWriter(&multi)
	_ = m.WriteField("List-Unsubscribe", "One-Click")
	_ = m.Close()
	for name, post := range map[string][2]string{
		"form":      {"application/x-www-form-urlencoded", "List-Unsubscribe=One-Click"},
		"multipart": {m.FormDataContentType(), multi.String()},
		"agreeing":  {"application/x-www-form-urlencoded", "List-Unsubscribe=One-Click&choice=agreed"},
	} {
		h := newHouse(t, t.TempDir(), AgreeLink)
		h.ledger.now[someone] = warehouse.Decision{Choice: warehouse.Agreed, DecidedAt: testTime.Add(-time.Hour)}
		w := h.ask(http.MethodPost, h.agreement(), post[1], "Content-Type", post[0])
		if w.Code != http.StatusOK || len(h.ledger.changes) != 1 || h.ledger.changes[0].Choice != warehouse.Withdrawn || h.ledger.changes[0].Method != "one-click" {
			t.Errorf("%s: %d, %+v", name, w.Code, h.ledger.changes)
		}
	}
}

func TestAChoiceThatIsNotStoredIsNoSuccess(t *testing.T) {
	h := newHouse(t, t.TempDir(), AgreeOff)
	h.ledger.full = true
	for _, form := range []string{"List-Unsubscribe=One-Click", "choice=refused&" + h.form(t, h.page()).Encode()} {
		w := h.ask(http.MethodPost, h.page(), form)
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), "could not be stored") {
			t.Errorf("on a full disk: %d", w.Code)
		}
	}
	h.ledger.down = true
	if w := h.ask(http.MethodGet, h.page(), ""); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "cannot be shown right now") {
		t.Errorf("a page without its ledger: %d", w.Code)
	}
	if w := h.ask(http.MethodPost, h.page(), "List-Unsubscribe=One-Click"); w.Code != http.StatusServiceUnavailable {
		t.Errorf("a choice without its ledger: %d", w.Code)
	}
	h.ledger.ring = nil
	if w := h.ask(http.MethodGet, h.page(), ""); w.Code != http.StatusServiceUnavailable {
		t.Errorf("before there are keys: %d", w.Code)
	}
}

func TestALinkThatIsNoneSaysNothing(t *testing.T) {
	h := newHouse(t, t.TempDir(), AgreeOff)
	h.ledger.now[someone] = warehouse.Decision{Choice: warehouse.Refused, DecidedAt: testTime}
	link := h.page()
	forged := link[:len(link)-8] + "AAAAAAAA"
	want := ""
	for _, path := range []string{forged, Path, Path + "x", link + "/", Path + strings.Repeat("A", LinkLen)} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			form := ""
			if method == http.MethodPost {
				form = "List-Unsubscribe=One-Click"
			}
			w := h.ask(method, path, form)
			if want == "" {
				want = w.Body.String()
			}
			if w.Code != http.StatusNotFound || w.Body.String() != want {
				t.Errorf("%s %s: %d", method, path, w.Code)
			}
		}
	}
	if len(h.ledger.changes) != 0 {
		t.Error("changed")
	}
}

func TestTooManyChoicesAreRefused(t *testing.T) {
	h := newHouse(t, t.TempDir(), AgreeOff)
	codes := map[int]int{}
	for range 3 * linkBurst {
		codes[h.ask(http.MethodPost, h.page(), "List-Unsubscribe=One-Click").Code]++
	}
	if codes[http.StatusOK] != linkBurst || codes[http.StatusTooManyRequests] != 2*linkBurst {
		t.Errorf("one link: %v", codes)
	}
	codes = map[int]int{}
	for i := range 2 * allBurst {
		path := Path + string(h.signer.AppendPage(nil, warehouse.RecipientKey{byte(i), byte(i >> 8), 3}, h.now))
		codes[h.ask(http.MethodPost, path, "List-Unsubscribe=One-Click").Code]++
	}
	if codes[http.StatusOK] > allBurst || codes[http.StatusTooManyRequests] < allBurst {
		t.Errorf("many links: %v", codes)
	}
}

func TestThePageLoadsAndTellsNobody(t *testing.T) {
	h := newHouse(t, t.TempDir(), AgreeOff)
	for _, path := range []string{h.page(), Path + "none"} {
		w := h.ask(http.MethodGet, path, "")
		for name, want := range map[string]string{
			"Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff",
			"Content-Type": "text/html; charset=utf-8", "X-Robots-Tag": "noindex, nofollow", "Set-Cookie": "",
		} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: %q", name, got)
			}
		}
		csp := w.Header().Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"} {
			if !strings.Contains(csp, part) {
				t.Errorf("%s lacks %s", csp, part)
			}
		}
		for _, part := range []string{"<script", "src=", "http://", "https://", "@import", "url("} {
			if strings.Contains(w.Body.String(), part) {
				t.Errorf("the page has %s", part)
			}
		}
	}
}

func TestTextsOfTheOperator(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("de.json", "\xef\xbb\xbf"+`{"version":"7","who":"Muster GmbH <script>alert(1)</script> & Co\n\nZweiter Absatz"}`)
	h := newHouse(t, dir, AgreeOff)
	page := h.ask(http.MethodGet, h.page(), "", "Accept-Language", "xx, de-AT;q=0.8, en;q=0.5").Body.String()
	for _, part := range []string{`lang="de"`, "Muster GmbH &lt;script&gt;alert(1)&lt;/script&gt; &amp; Co</p>", "<p>Zweiter Absatz</p>", " 7 de", "Nein, nicht messen"} {
		if !strings.Contains(page, part) {
			t.Errorf("the page lacks %s", part)
		}
	}
	english, err := ReadTexts("")
	if err != nil {
		t.Fatal(err)
	}
	write("ar.json", strings.Replace(string(english.Text(0).Document()), `"version"`, `"direction": "rtl", "version"`, 1))
	h.now = h.now.Add(2 * lookEvery)
	if page := h.ask(http.MethodGet, h.page()+"?lang=ar", "").Body.String(); !strings.Contains(page, `<html lang="ar" dir="rtl">`) {
		t.Error("a language that came later is not shown")
	}
	for name, text := range map[string]string{
		"pl.json": `{"title":"Tylko tytuł"}`, "en.json": `{"titel":"x"}`, "fr.json": `{"title":""}`, "it.json": `{`, "es.json": `{} {}`, "not a language.json": `{}`,
	} {
		write(name, text)
		if _, err := ReadTexts(dir); err == nil {
			t.Errorf("%s is taken", name)
		}
		h.now = h.now.Add(2 * lookEvery)
		if page := h.ask(http.MethodGet, h.page()+"?lang=de", "").Body.String(); !strings.Contains(page, "Muster GmbH") {
			t.Errorf("%s: the old texts are gone", name)
		}
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLanguagesAreChosen(t *testing.T) {
	texts, err := ReadTexts("")
	if err != nil {
		t.Fatal(err)
	}
	if n := len(texts.Tags()); n != 5 {
		t.Errorf("%d languages", n)
	}
	for _, c := range []struct{ asked, accept, want string }{
		{"", "", "en"},
		{"", "fr-CA", "fr"},
		{"it", "de", "it"},
		{"zz", "es-MX,en;q=0.3", "es"},
		{"", "ja", "en"},
		{"", "de;q=0.2,fr;q=0.9", "fr"},
		{"", strings.Repeat("de,", 500), "en"},
		{"", "*", "en"},
		{"", ";;;q=x", "en"},
		{"<script>", "", "en"},
	} {
		if got := texts.Tags()[texts.Choose(c.asked, c.accept)].String(); got != c.want {
			t.Errorf("%q, %.20q: %s", c.asked, c.accept, got)
		}
	}
	for i, tag := range texts.Tags() {
		text := texts.Text(i)
		for _, d := range []warehouse.Decision{{Choice: warehouse.Agreed, DecidedAt: testTime}, {Choice: warehouse.Withdrawn, DecidedAt: testTime}} {
			if state := text.state(d, false); !strings.Contains(state, "2026-11-29") {
				t.Errorf("%s: %s", tag, state)
			}
		}
		if text.state(warehouse.Decision{}, true) == text.state(warehouse.Decision{}, false) {
			t.Errorf("%s: the policy does not show", tag)
		}
	}
}
