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
		Short: "Print the address of a recipient's preferences page",
		Long: "Prints the address of the page on which a recipient sees what is measured and refuses it. It holds for three years, and\n" +
			"names the recipient by a keyed hash. The mail's own links are made by glint send register --preferences-url.\n\n" +
			"With --agree the page can also agree, for 72 hours and until the recipient's next choice: send that link to the\n" +
			"recipient's own address and put it into nothing else. It needs --preferences-agree confirm-link of glint up or serve.\n\n" +
			"A POST of List-Unsubscribe=One-Click to such an address (RFC 8058) refuses without a page: what your own service for\n" +
			"unsubscribing can pass on. It changes nothing.",
		Example: "  glint consent link ann@example.com --preferences-url https://prefs.example.com\n" +
			"  glint consent link ann@example.com --agree",
		Args: app.OneArg("recipient"),
	}
	f := cmd.Flags()
	f.StringVar(&base, "preferences-url", "", "where ingest answers recipients, like https://prefs.example.com (default: the running glint's)")
	f.BoolVar(&agree, "agree", false, "a link by which the recipient can also agree")
	app.WarehouseFlag(cmd, &dsn)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if base == "" {
			running, err := a.Running()
			if err != nil {
				return app.Try(err, "--preferences-url https://prefs.example.com, where ingest answers recipients")
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
		Short: "Print what the preferences page says in a language, as a file of it",
		Long: "Prints the texts of the page on which recipients choose, as JSON; without a language it lists the languages. A copy in\n" +
			"$GLINT_HOME/preferences/LANGUAGE.json, changed, takes their place within seconds: there you say who you are, what you\n" +
			"measure and for how long. A file of a language that is listed may have some of the texts, and has all of another one.\n" +
			"The SHA-256 of the output is what the ledger keeps with a choice as the hash of the text. It changes nothing.",
		Example: "  glint consent text\n  glint consent text de",
		Args:    app.AtMostOneArg("language"),
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		texts, err := preferences.ReadTexts(a.Home.PreferencesDir())
		if err != nil {
			return app.Try(err, "glint consent text en >"+filepath.Join(a.Home.PreferencesDir(), "en.json")+", and change that")
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
