package preferences

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
)

// Text is the page in one language. Its texts are plain: blank lines divide
// paragraphs, and markup is shown unchanged.
type Text struct {
	Name      string `json:"name"`                // the language's own name
	Direction string `json:"direction,omitempty"` // rtl, or "" for left to right
	Version   string `json:"version"`             // stored with each choice made on the page
	Title     string `json:"title"`
	Intro     string `json:"intro"`

	WhatTitle string `json:"what_title"`
	What      string `json:"what"`
	WhoTitle  string `json:"who_title"`
	Who       string `json:"who"`
	WhyTitle  string `json:"why_title"`
	Why       string `json:"why"`
	LongTitle string `json:"long_title"`
	Long      string `json:"long"`

	ChoiceTitle string `json:"choice_title"`
	Measured    string `json:"measured"` // no choice, and opens may be measured
	Counted     string `json:"counted"`  // no choice, and opens may not be measured
	Agreed      string `json:"agreed"`   // {date} is the day of the choice
	Refused     string `json:"refused"`
	Unread      string `json:"unread"` // the choice cannot be read now
	Keep        string `json:"keep"`
	Refuse      string `json:"refuse"`
	Agree       string `json:"agree"`
	AgreeHow    string `json:"agree_how"`

	SavedRefused string `json:"saved_refused"`
	SavedAgreed  string `json:"saved_agreed"`
	Outdated     string `json:"outdated"`
	NoAgreement  string `json:"no_agreement"`
	NotStored    string `json:"not_stored"`
	TooOften     string `json:"too_often"`

	NoPageTitle      string `json:"no_page_title"`
	NoPage           string `json:"no_page"`
	UnavailableTitle string `json:"unavailable_title"`
	Unavailable      string `json:"unavailable"`
	Languages        string `json:"languages"`
}

//go:embed texts/*.json
var builtIn embed.FS

// ErrText is wrapped by every error about an operator's text.
var ErrText = errors.New("preferences: faulty text")

// maxTextBytes bounds a file of texts.
const maxTextBytes = 256 << 10

// Texts are the page's texts by language, English first, the others sorted by
// tag.
type Texts struct {
	tags    []language.Tag
	all     []Text
	matcher language.Matcher
}

// ReadTexts returns the built-in texts, replaced by the files <language>.json
// in dir: for a built-in language a file may have some of the texts, for
// another one it must have all. A missing folder counts as empty. Errors wrap
// ErrText.
func ReadTexts(dir string) (*Texts, error) {
	byTag := map[language.Tag]Text{}
	names, err := fs.Glob(builtIn, "texts/*.json")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		b, err := builtIn.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if err := addText(byTag, filepath.Base(name), b); err != nil {
			return nil, err
		}
	}
	if dir == "" {
		return newTexts(byTag), nil
	}
	own, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	for _, path := range own {
		b, err := readText(path)
		if err == nil {
			err = addText(byTag, filepath.Base(path), b)
		}
		if err != nil {
			return nil, err
		}
	}
	return newTexts(byTag), nil
}

func newTexts(byTag map[language.Tag]Text) *Texts {
	t := &Texts{}
	for tag := range byTag {
		t.tags = append(t.tags, tag)
	}
	slices.SortFunc(t.tags, func(a, b language.Tag) int {
		if a == language.English || b == language.English {
			return cmp.Compare(boolean(b == language.English), boolean(a == language.English))
		}
		return strings.Compare(a.String(), b.String())
	})
	for _, tag := range t.tags {
		t.all = append(t.all, byTag[tag])
	}
	t.matcher = language.NewMatcher(t.tags)
	return t
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

func readText(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrText, err)
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, maxTextBytes+1))
	if err == nil && len(b) > maxTextBytes {
		err = fmt.Errorf("it has more than %d bytes", maxTextBytes)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrText, path, err)
	}
	return b, nil
}

// addText merges a file's texts into its language's texts.
func addText(byTag map[language.Tag]Text, file string, b []byte) error {
	fault := func(err error) error { return fmt.Errorf("%w: %s: %w", ErrText, file, err) }
	tag, err := language.Parse(strings.TrimSuffix(file, ".json"))
	if err != nil {
		return fault(errors.New("its name is not that of a language, like pl.json or pt-BR.json"))
	}
	text := byTag[tag]
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))))
	d.DisallowUnknownFields()
	if err := d.Decode(&text); err != nil {
		return fault(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fault(errors.New("there is more behind the object"))
	}
	if err := text.check(); err != nil {
		return fault(err)
	}
	byTag[tag] = text
	return nil
}

// maxVersionBytes is the ledger's limit without room for the language.
const maxVersionBytes = 80

// check returns an error if the texts cannot be shown.
func (t *Text) check() error {
	v := reflect.ValueOf(t).Elem()
	var missing []string
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		value := v.Field(i).String()
		if strings.TrimSpace(value) == "" && name != "direction" {
			missing = append(missing, name)
		}
		if !utf8.ValidString(value) || strings.ContainsFunc(value, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' }) {
			return fmt.Errorf("%s is no UTF-8 or has control characters", name)
		}
	}
	switch {
	case len(missing) > 0:
		return fmt.Errorf("it lacks %s", strings.Join(missing, ", "))
	case t.Direction != "" && t.Direction != "rtl" && t.Direction != "ltr":
		return errors.New("direction is not one of ltr, rtl")
	case len(t.Version) > maxVersionBytes || strings.ContainsFunc(t.Version, unicode.IsControl):
		return fmt.Errorf("version is longer than %d bytes or has control characters", maxVersionBytes)
	}
	return nil
}

// Tags returns the languages, English first.
func (t *Texts) Tags() []language.Tag { return t.tags }

// maxAcceptBytes is the part of an Accept-Language header that is read.
const maxAcceptBytes = 500

// Choose returns the index of the language with the tag asked, otherwise of the
// best match for an Accept-Language header, otherwise of English.
func (t *Texts) Choose(asked, accept string) int {
	if tag, err := language.Parse(asked); err == nil && len(asked) <= maxAcceptBytes {
		if i := slices.Index(t.tags, tag); i >= 0 {
			return i
		}
	}
	if len(accept) > maxAcceptBytes {
		return 0
	}
	_, i, confidence := t.matcher.Match(wanted(accept)...)
	if confidence == language.No {
		return 0
	}
	return i
}

// wanted returns the languages of an Accept-Language header, the best first,
// without unknown ones.
func wanted(accept string) (tags []language.Tag) {
	type weighted struct {
		tag    language.Tag
		weight float32
	}
	var all []weighted
	for part := range strings.SplitSeq(accept, ",") {
		if parsed, weights, err := language.ParseAcceptLanguage(part); err == nil && len(parsed) == 1 {
			all = append(all, weighted{parsed[0], weights[0]})
		}
	}
	slices.SortStableFunc(all, func(a, b weighted) int { return cmp.Compare(b.weight, a.weight) })
	for _, w := range all {
		tags = append(tags, w.tag)
	}
	return tags
}

// Text returns the text of a language by its index.
func (t *Texts) Text(i int) *Text { return &t.all[i] }

// Document returns the text as a file of it, whose SHA-256 the ledger keeps.
func (t *Text) Document() []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	_ = e.Encode(t) // of strings alone
	return b.Bytes()
}

// Hash returns the SHA-256 of Document in hex.
func (t *Text) Hash() string {
	sum := sha256.Sum256(t.Document())
	return hex.EncodeToString(sum[:])
}
