package help

import (
	"github.com/spf13/cobra"

	"glint/cli/internal/app"
)

// topic is a page about no command, and has the name of none.
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
	{"estimates", "rates", "What the open rates are, and which one to quote", `An open is not a read, and some opens cannot be seen. So glint estimates the open rate in seven ways, each with what has to be
true for it, and a range. All have the measured messages as their base; without a base a rate is unknown, never 0.

  overall              the one to quote: recipients whose opens are visible, corrected for images that do not load
  visible_recipients   the rate among recipients who were never hidden by Apple Mail's privacy
  visible_lambda       the same for all, if the hidden ones open 0.75 to 1.33 times as often
  clicks               the share of opens among those who clicked, carried over to all
  hubspot              messages opened by a person / messages that Apple Mail did not hide
  strict               the same without any message that Apple Mail fetched
  bounds               from the certain ones alone to all that may hide an open; no rate

A range of hubspot and visible_recipients is sampling error alone. glint report prints them, --explain says how each number
came about, and the view campaign_estimates has a row for each.`},
	{"classes", "", "Who fetched a pixel, and which fetches count", `Each fetch is judged by named rules from what its request says, and later, by glint judge, from its time and company:

  human_direct       a person's client                           counts as a person's open
  proxy_human        a proxy that fetches when a person looks     counts as a person's open
  machine_prefetch   a client that fetches unasked, as Apple Mail may hide an open
  unknown            nothing decides it                           may hide an open
  security_scanner, bot, http_library, link_preview, headless     machines: no person's open
  not_image          no image was loaded, or glint ignore says so never counted

glint classify judges a request, glint explain says why each event of a message counts, glint reclassify judges all again.`},
	{"tracking", "", "Who is measured, and how a refusal takes effect", `How much is measured of a message is the least of three: what the campaign allows (--tracking), what its row says, and the
recipient's choice or, without one, the policy of the home (--consent none or required).

  identified     opens belong to the message and its recipient
  pseudonymous   opens belong to the message; address and other traces are not kept
  last_open      only the day of the recipient's last open is kept
  aggregate      opens are counted for the campaign, or a stratum of it
  off            the message has no pixel

glint consent set, import and POST /v1/consent record choices in a ledger that can only grow; glint consent verify finds a
changed byte. A refusal holds at once, for mail that was sent, too; glint edge sync brings it to the edge. The image always
comes. What stays of a refused recipient's opens is the setting --withdrawn.`},
	{"personal-data", "", "What is kept of a person, and where", `An event keeps its time, user agent, the host of the referer, a few headers, network facts, and the address cut to /24 or /48
(--ip-precision); DNT and Sec-GPC leave less of it by --privacy-signals. Recipients stand in one table that no view shows.
Tokens in URLs hold random ids and a signature. Nothing personal is in logs, metrics and errors. URLs that glint send register
writes, and files of skipped rows, are for their owner only. glint retention show says how long what is kept; glint person
finds, exports and erases one address everywhere; glint privacy writes the record of processing and a notice.`},
	{"files", "", "The files that glint reads and writes", `Tables are CSV with commas, semicolons or tabs, in UTF-8, UTF-16 or Windows-1252, or JSON objects, one per line or a list.

  glint send register   recipients: recipient, sent_at, delivered_at, tracking, test; all others are passed on.
                        Writes the same columns, message_id and pixel_url; skipped.csv has the rows that are no messages
  glint send import     events: event, at and message_id, or campaign and recipient; also what senders' webhooks post
  glint consent import  choices: recipient, choice, at
  glint import          logs of CDNs and web servers
  --networks            prefix,network,as_number,proxy_type,proxy_description,country

$GLINT_HOME holds keys/ (copy it: without a key its URLs do not count), credentials.env, log/, warehouse/, deadletters/,
ignore.txt and run/state.json. It is for its owner only.`},
	{"config", "", "Flags, variables and secrets", `A flag wins over its variable, which wins over the default: --ingest-listen is $GLINT_INGEST_LISTEN, and so for each flag.
$GLINT_HOME moves all of glint's files. Secrets come from files or variables, never from flags that a list of processes shows:
better $GLINT_WAREHOUSE than --warehouse, $GLINT_INGEST_TOKEN or --ingest-token-file. NO_COLOR and a locale that is not UTF-8
are obeyed. -q leaves out notes, progress and messages of success; errors and data stay.

glint completion bash, zsh or fish prints what the shell needs to complete commands, flags, campaigns and key ids.`},
	{"definitions", "words", "The words of the reports", `  open           a request of a message's pixel; unique: a message with at least one
  reliable       opened by a person, directly or through a proxy that fetches when the person looks
  confirmed      reliable, or clicked, answered or converted by a person
  message        one mail to one recipient
  sends          messages of complete registrations, without tests
  delivered      sends that are not known to have bounced, or that arrived all the same
  measured       delivered messages that are tracked one by one: the base of every rate
  mpp_only       no known reader, but Apple Mail fetched
  unknown_only   no known reader, but others fetched

README and the comments of the views define each number.`},
	{"clients", "", "How other programs read the numbers", `Any ClickHouse client reads the views with the read-only user of credentials.env; glint up prints the address:

  . "$GLINT_HOME/credentials.env"
  curl -s -u "$GLINT_SQL_USER:$GLINT_SQL_PASSWORD" http://127.0.0.1:8703 \
    --data "SELECT campaign, unique_opens FROM campaign_report FORMAT TSV"

SHOW TABLES lists the views, DESCRIBE TABLE campaign_report says what each column means. The user gives SELECT, WITH, SHOW,
DESCRIBE and EXISTS. No view shows a recipient.`},
	{"sends", "", "How programs register messages over HTTP", `POST /v1/sends on ingest registers up to 10,000 messages at once, by the rules of glint send register. The token needs the
scope sends (--tokens-file). The body is JSON objects with a field recipient, or CSV:

  curl -s -H "Authorization: Bearer $TOKEN" --data '{"recipient":"ada@example.com","sent_at":"2026-11-21T09:30:00Z"}' \
    "http://127.0.0.1:8702/v1/sends?campaign=spring"

The answer has the message id and pixel URL of each: {"campaign":"spring","stored":1,"repeated":0,"messages":[…]}. It comes
once all are durable; a faulty row refuses all. A recipient has one message in a campaign, so that the same post again
changes nothing and has the same answer: after 429, 503 or no answer, send it again.

Parameters: campaign, subject, variant, format, encoding, recipient_column, keep_columns, duplicates, pixel_base_url,
allow_private_host, send_at, time_zone, tracking, strata, test, url_style. They are the flags of glint send register.`},
}
