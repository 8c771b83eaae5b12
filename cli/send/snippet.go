package send

import (
	"errors"
	"fmt"
	"html"
	"io"
	"net/url"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/ingest/deliveries"
)

func newSnippetCmd(a *app.App) *cobra.Command {
	var headers bool
	cmd := &cobra.Command{
		Use:   "snippet [PIXEL_URL]",
		Short: "Print the <img> tag for a mail's HTML",
		Long: "Prints the tag that loads the pixel. Without a URL it prints the tag for a template, with the variable pixel_url; a\n" +
			"message whose pixel_url is empty then renders nothing. An empty URL prints nothing. Put the tag last in the body, so\n" +
			"that the pixel loads after the content. The image is a block, which adds one pixel to the height of the mail; an inline\n" +
			"image would add a line of text. It is not hidden by display:none, since some mail clients do not load hidden images.\n" +
			"With --headers, it prints how a mail carries its message id through each sender, so that glint send import and the\n" +
			"webhooks find the message. It changes nothing.",
		Example: "  glint send snippet\n  glint send snippet --headers\n  glint send snippet https://pixel.example.com/o/TOKEN.gif",
		Args:    app.AtMostOneArg("pixel's URL"),
	}
	language := app.ChoiceFlag(cmd, "template", "language of the template", "mustache", "liquid", "jinja", "go", "placeholder")
	cmd.Flags().BoolVar(&headers, "headers", false, "print how each sender carries the message id")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if headers {
			return writeCarriers(a.Out)
		}
		t := templates[language.String()]
		if len(args) == 1 {
			if args[0] == "" {
				return nil // a message without a pixel
			}
			u, err := url.Parse(args[0])
			if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
				return app.UsageOf(cmd, errors.New("the argument is no URL of a pixel"))
			}
			t = template{variable: html.EscapeString(args[0])}
		}
		_, err := fmt.Fprintf(a.Out, "%s<img src=\"%s\" width=\"1\" height=\"1\" alt=\"\" style=\"display:block;border:0;width:1px;height:1px\">%s\n", t.before, t.variable, t.after)
		return err
	}
	return cmd
}

// writeCarriers prints how a mail carries its message id through each sender.
func writeCarriers(w io.Writer) error {
	for _, c := range deliveries.Carriers {
		if _, err := fmt.Fprintf(w, "%-10s %s\n           %s\n", c.Format, c.How, c.Value); err != nil {
			return err
		}
	}
	return nil
}

// template is the tag in a template language; it renders nothing if pixel_url is
// empty.
type template struct{ before, variable, after string }

var templates = map[string]template{
	"mustache":    {"{{#pixel_url}}", "{{pixel_url}}", "{{/pixel_url}}"},
	"liquid":      {`{% if pixel_url != "" %}`, "{{ pixel_url }}", "{% endif %}"},
	"jinja":       {"{% if pixel_url %}", "{{ pixel_url }}", "{% endif %}"},
	"go":          {"{{with .pixel_url}}", "{{.}}", "{{end}}"},
	"placeholder": {"", "{{pixel_url}}", ""}, // for a program that replaces text; it must itself omit the line if the URL is empty
}
