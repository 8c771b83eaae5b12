package consent

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/text/language"

	"glint/cli/internal/app"
	"glint/ingest/preferences"
	"glint/ingest/sends"
)

func newLinkCmd(a *app.App) *cobra.Command {
	var dsn, base string
	var agree bool
	cmd := &cobra.Command{
		Use:   "link RECIPIENT",
		Short: "Print the URL of a recipient's preferences page",
		Long: "Prints the URL of the page on which a recipient sees what is measured and can refuse. The URL is valid for three years\n" +
			"and names the recipient by a keyed hash. glint send register --preferences-url makes the links for the mail itself.\n\n" +
			"With --agree the recipient can also agree on the page, for 72 hours and until the recipient's next choice. Send this\n" +
			"link only to the recipient's own address. It needs --preferences-agree confirm-link of glint up or glint serve.\n\n" +
			"A POST of List-Unsubscribe=One-Click to the URL (RFC 8058) refuses without a page; your own unsubscribe service can\n" +
			"forward such requests. It changes nothing.",
		Example: "  glint consent link ann@example.com --preferences-url https://prefs.example.com\n" +
			"  glint consent link ann@example.com --agree",
		Args: app.OneArg("recipient"),
	}
	f := cmd.Flags()
	f.StringVar(&base, "preferences-url", "", "URL at which recipients reach ingest, such as https://prefs.example.com (default: the running glint's)")
	f.BoolVar(&agree, "agree", false, "print a link with which the recipient can also agree")
	app.WarehouseFlag(cmd, &dsn)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if base == "" {
			running, err := a.Running()
			if err != nil {
				return app.Try(err, "--preferences-url https://prefs.example.com, at which recipients reach ingest")
			}
			base = running.Ingest
		}
		at, err := sends.CheckBaseURL(base)
		if err != nil {
			return app.UsageOf(cmd, fmt.Errorf("--preferences-url %w", err))
		}
		if _, err := sends.Normalize(args[0]); err != nil {
			return app.UsageOf(cmd, err)
		}
		ring, err := a.Ring()
		if err != nil {
			return err
		}
		signer, err := preferences.NewSigner(ring)
		if err != nil {
			return err
		}
		s, err := open(cmd.Context(), a, dsn)
		if err != nil {
			return err
		}
		defer s.close()
		if err := a.CheckKeys(cmd.Context(), s.Warehouse, ring); err != nil {
			return err
		}
		key, err := s.key(args[0])
		if err != nil {
			return err
		}
		link := signer.AppendPage(nil, *key, time.Now())
		if agree {
			link = signer.AppendAgreement(nil, *key, time.Now())
		}
		if at.Loopback {
			fmt.Fprintf(a.Err, "note: only this machine can open %s\n", at.URL)
		}
		_, err = fmt.Fprintln(a.Out, preferences.URL(at.URL, link))
		return err
	}
	return cmd
}

func newTextCmd(a *app.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "text [LANGUAGE]",
		Short: "Print the texts of the preferences page in a language",
		Long: "Prints the texts of the page on which recipients choose, as JSON; without a language it lists the languages. An edited\n" +
			"copy in $GLINT_HOME/preferences/LANGUAGE.json replaces them within seconds: state there who you are, what you measure\n" +
			"and for how long. A file for a listed language may contain only some of the texts; a file for another language must\n" +
			"contain all. The ledger stores the SHA-256 of the output with a choice, as the hash of the text. It changes nothing.",
		Example: "  glint consent text\n  glint consent text de",
		Args:    app.AtMostOneArg("language"),
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		texts, err := preferences.ReadTexts(a.Home.PreferencesDir())
		if err != nil {
			return app.Try(err, "glint consent text en >"+filepath.Join(a.Home.PreferencesDir(), "en.json")+", and edit that file")
		}
		if len(args) == 0 {
			for i, tag := range texts.Tags() {
				from := "built in"
				if _, err := os.Stat(filepath.Join(a.Home.PreferencesDir(), tag.String()+".json")); err == nil {
					from = "your file"
				}
				fmt.Fprintf(a.Out, "%s\t%s\t%s\n", tag, texts.Text(i).Name, from)
			}
			return nil
		}
		tag, err := language.Parse(args[0])
		if err != nil {
			return app.UsageOf(cmd, errors.New("want a language like de or pt-BR"))
		}
		for i, known := range texts.Tags() {
			if known == tag {
				_, err := a.Out.Write(texts.Text(i).Document())
				return err
			}
		}
		var all []string
		for _, known := range texts.Tags() {
			all = append(all, known.String())
		}
		return app.UsageTry(fmt.Errorf("there are no texts in %s", tag), "one of "+strings.Join(all, ", "))
	}
	return cmd
}
