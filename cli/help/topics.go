package help

import (
	"github.com/spf13/cobra"

	"glint/cli/internal/app"
)

// topic is a page on a topic; its name must not be that of a command.
type topic struct{ name, alias, short, text string }

// NewTopicCmds returns the pages `glint help TOPIC`.
func NewTopicCmds() (cmds []*cobra.Command) {
	for _, t := range topics {
		cmd := &cobra.Command{Use: t.name, Short: t.short, Long: t.text, Args: app.NoArgs}
		if t.alias != "" {
			cmd.Aliases = []string{t.alias}
		}
		cmds = append(cmds, cmd)
	}
	return cmds
}

var topics = []topic{
	{"estimates", "rates", "What the open rates are, and which one to quote", `An open is not a read, and some opens cannot be seen. So glint estimates the open rate in seven ways, each with its assumption
and a range. The base of all is the measured messages; without measured messages a rate is unknown, never 0.

  overall              the one to quote: recipients whose opens are visible, corrected for images that do not load
  visible_recipients   the rate among recipients whose opens Apple Mail never hid
  visible_lambda       the same for all recipients, if the hidden ones open 0.75 to 1.33 times as often
  clicks               the share of opens among recipients who clicked, extrapolated to all
  hubspot              messages opened by a person / messages that Apple Mail did not hide
  strict               the same without any message that Apple Mail fetched
  bounds               from the certain opens to all fetches that may hide one; no rate

A recipient is visible if Apple Mail fetched none of his mail, this message and 90 days of earlier ones. Of the messages to its
users, Apple Mail is assumed to fetch 70 to 100 %, so that a few of them look visible. If the visible recipients were chosen by
their opens (chosen), or no open of any kind is known (no_images), the range of overall is wider.

The ranges of hubspot and visible_recipients cover sampling error only. glint report prints the estimates, --explain shows
how each number is computed, and the view campaign_estimates has a row for each.`},
	{"classes", "", "Who fetched a pixel, and which fetches count", `Named rules classify each fetch by the facts of its request; later glint judge classifies it by its time and by the fetches
around it:

  human_direct       a person's client                               counts as a person's open
  proxy_human        a proxy that fetches when a person looks        counts as a person's open
  machine_prefetch   a client that fetches unasked, like Apple Mail  may hide an open
  unknown            no rule decides                                 may hide an open
  security_scanner, bot, http_library, link_preview, headless        machines: no person's open
  not_image          no image was loaded, or glint ignore names it   never counted

glint classify classifies a request, glint explain shows why each event of a message counts or not, glint reclassify applies
the rules to all stored requests again.`},
	{"tracking", "", "How much is measured, and how a refusal takes effect", `The tracking mode of a message is the lowest of three: the campaign's (--tracking), the one in the message's row, and the
recipient's choice or, without a choice, the policy of the home (--consent none or required).

  identified     opens belong to the message and its recipient
  pseudonymous   opens belong to the message; address and other identifying facts are not stored
  last_open      only the day of the recipient's last open is stored
  aggregate      opens are counted for the campaign, or a stratum of it
  off            the message has no pixel

glint consent set, glint consent import and POST /v1/consent record choices in an append-only ledger; glint consent verify
detects a changed byte. A refusal takes effect at once, also for mail that was already sent; glint edge sync sends it to the
edge. The image is always served. --withdrawn decides what is kept of the opens of a recipient who refused.`},
	{"personal-data", "", "Which personal data is kept, and where", `An event contains its time, user agent, the host of the referer, a few headers, network facts, and the address cut to /24 or
/48 (--ip-precision); --privacy-signals reduces it for DNT and Sec-GPC. Recipients are in one table that no view shows. Tokens
in URLs hold random ids and a signature. Logs, metrics and errors contain no personal data. Only their owner can read the
files of URLs and of skipped rows that glint send register writes. glint retention show prints the retention periods; glint
person finds, exports and erases one address everywhere; glint privacy writes the record of processing and a notice.`},
	{"files", "", "The files that glint reads and writes", `Tables are CSV with commas, semicolons or tabs, in UTF-8, UTF-16 or Windows-1252, or JSON objects, one per line or a list.

  glint send register   recipients: recipient, sent_at, delivered_at, tracking, test; other columns are passed on.
                        Writes the same columns, message_id and pixel_url; skipped.csv has the rows that are no messages
  glint send import     events: event, at and message_id, or campaign and recipient; also the bodies of senders' webhooks
  glint consent import  choices: recipient, choice, at
  glint import          logs of CDNs and web servers
  --networks            prefix,network,as_number,proxy_type,proxy_description,country

$GLINT_HOME holds keys/ (back it up: without a key, opens of the URLs that it signed do not count), credentials.env, log/,
warehouse/, deadletters/, ignore.txt and run/state.json. Only its owner can read it.`},
	{"config", "", "Flags, variables and secrets", `Every flag has a variable: --ingest-listen is $GLINT_INGEST_LISTEN. A flag overrides its variable, which overrides the default.
$GLINT_HOME moves all of glint's files. Give secrets in files or variables, since process lists show flags: prefer
$GLINT_WAREHOUSE to --warehouse, and use $GLINT_INGEST_TOKEN or --ingest-token-file. glint honours NO_COLOR, and prints ASCII
if the locale is not UTF-8. -q omits notes, progress and messages of success; errors and data stay.

glint completion bash, zsh or fish prints a script that completes commands, flags, campaigns and key ids.`},
	{"definitions", "words", "The terms of the reports", `  open           a request of a message's pixel; unique: a message with at least one
  reliable       opened by a person, directly or through a proxy that fetches when the person looks
  confirmed      reliable, or clicked, answered or converted by a person
  message        one mail to one recipient
  sends          messages of complete registrations, without tests
  delivered      sends that are not known to have bounced, or that arrived nevertheless
  measured       delivered messages that are tracked individually: the base of every rate
  mpp_only       no known reader, but Apple Mail fetched
  unknown_only   no known reader, but others fetched

README and the comments of the views define each number.`},
	{"clients", "", "How other programs read the numbers", `Any ClickHouse client reads the views with the read-only user of credentials.env; glint up prints the address:

  . "$GLINT_HOME/credentials.env"
  curl -s -u "$GLINT_SQL_USER:$GLINT_SQL_PASSWORD" http://127.0.0.1:8703 \
    --data "SELECT campaign, unique_opens FROM campaign_report FORMAT TSV"

SHOW TABLES lists the views, DESCRIBE TABLE campaign_report explains each column. The user may run SELECT, WITH, SHOW,
DESCRIBE and EXISTS. No view shows a recipient.`},
	{"sends", "", "How programs register messages over HTTP", `POST /v1/sends of ingest registers up to 10,000 messages at once, by the rules of glint send register. The token needs the
scope sends (--tokens-file). The body is JSON objects with a field recipient, or CSV:

  curl -s -H "Authorization: Bearer $TOKEN" --data '{"recipient":"ada@example.com","sent_at":"2026-11-21T09:30:00Z"}' \
    "http://127.0.0.1:8702/v1/sends?campaign=spring"

The answer has the message id and pixel URL of each: {"campaign":"spring","stored":1,"repeated":0,"messages":[…]}. It is sent
once all messages are durable; one faulty row refuses all. A recipient has one message per campaign, so the same post again
changes nothing and gets the same answer: after 429, 503 or no answer, send it again. Reports and glint send show or revoke
know the messages within a second.

Parameters: campaign, subject, variant, format, encoding, recipient_column, keep_columns, duplicates, pixel_base_url,
allow_private_host, send_at, time_zone, tracking, strata, test, url_style, with the meaning of the flags of glint send
register.`},
}
