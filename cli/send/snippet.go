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
		Long: "Prints the tag that loads the pixel; without a URL for a template, with the variable pixel_url, so that a message whose\n" +
			"pixel_url is empty renders nothing; an empty URL prints nothing. Put it last\n" +
			"in the body, so that it loads after what people came to see. It is a block, which adds one pixel to the mail's\n" +
			"height where an inline image adds a line of text, and not hidden by display:none, since some mail clients do not\n" +
			"load what is. With --headers, it prints how a mail carries its message id through each sender, so that glint send import\n" +
			"and the webhooks find the message. It changes nothing.",
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

// template is how a language writes what depends on pixel_url: nothing, where that
// is empty.
type template struct{ before, variable, after string }

var templates = map[string]template{
	"mustache":    {"{{#pixel_url}}", "{{pixel_url}}", "{{/pixel_url}}"},
	"liquid":      {`{% if pixel_url != "" %}`, "{{ pixel_url }}", "{% endif %}"},
	"jinja":       {"{% if pixel_url %}", "{{ pixel_url }}", "{% endif %}"},
	"go":          {"{{with .pixel_url}}", "{{.}}", "{{end}}"},
	"placeholder": {"", "{{pixel_url}}", ""}, // for a program that replaces text; it has to leave out the line of an empty one itself
}
