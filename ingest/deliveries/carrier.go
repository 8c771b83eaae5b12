package deliveries

import (
	"strings"

	"github.com/google/uuid"
)

// Names by which a mail carries its message id to a provider and back. They are
// recognized in any case, and with dashes for underscores.
const (
	Header           = "X-Glint-Message-Id" // of the mail
	Argument         = "glint_message_id"   // custom argument, metadata, variable or tag
	CampaignArgument = "glint_campaign"     // name of the campaign; the recipient then identifies the message
)

// Carrier is the way in which one sender carries a message id.
type Carrier struct {
	Format Format
	How    string // in a sentence
	Value  string // template to copy, with placeholders
}

// Carriers lists the carriers of all senders.
var Carriers = []Carrier{
	{SES, "a header of the mail (turn on original headers in notifications), or a message tag of SendEmail", Header + ": {{message_id}}   or   EmailTags=[{Name=" + Argument + ",Value={{message_id}}}]"},
	{SendGrid, "a custom argument of the personalization", `"custom_args": {"` + Argument + `": "{{message_id}}"}`},
	{Postmark, "metadata of the message", `"Metadata": {"` + Argument + `": "{{message_id}}"}`},
	{Mailgun, "a variable of the message", "v:" + Argument + "={{message_id}}   or   X-Mailgun-Variables: {\"" + Argument + "\": \"{{message_id}}\"}"},
	{SparkPost, "metadata of the recipient", `"metadata": {"` + Argument + `": "{{message_id}}"}`},
	{Listmonk, "nothing: the campaign's name and the subscriber's address are enough; name the campaigns alike", "glint send register --campaign NAME"},
	{Postfix, "the Message-ID, which both logs have; or a header that header_checks logs (/^" + Header + ":/ INFO)", "Message-ID: <{{message_id}}@mail.example.com>"},
	{Exim, "the Message-ID, which the log has as id=", "Message-ID: <{{message_id}}@mail.example.com>"},
	{CSV, "a column, or campaign and recipient", "message_id"},
}

// argumentName returns the meaning of a custom argument of a mail: 'm' the
// message, 'c' the campaign, 0 anything else.
func argumentName(name string) byte {
	if len(name) < len(CampaignArgument) || len(name) > len(Header) {
		return 0
	}
	switch strings.ReplaceAll(strings.ToLower(name), "-", "_") {
	case Argument, "x_" + Argument:
		return 'm'
	case CampaignArgument, "x_" + CampaignArgument:
		return 'c'
	}
	return 0
}

// argument reads the message from a custom argument, header or tag.
func (e *Event) argument(name, value string) {
	switch argumentName(name) {
	case 'm':
		if id, ok := messageID(value); ok {
			e.Message = id
		}
	case 'c':
		if value != "" {
			e.Campaign = value
		}
	}
}

// arguments reads an object of custom arguments and skips unknown ones.
func (e *Event) arguments(object map[string]any) {
	for name, value := range object {
		switch v := value.(type) {
		case string:
			e.argument(name, v)
		case []any: // a tag with a list of values
			if len(v) > 0 {
				e.argument(name, textOf(v[0]))
			}
		}
	}
}

// messageID reads a message id: a UUID with or without dashes, in any case,
// possibly in angle brackets.
func messageID(text string) (uuid.UUID, bool) {
	text = strings.Trim(text, " \t<>\"{}")
	if len(text) != 36 && len(text) != 32 {
		return uuid.UUID{}, false
	}
	id, err := uuid.Parse(text)
	return id, err == nil && id != uuid.UUID{}
}

// ownVersion is the version of glint's message ids (RFC 9562 §5.8); providers
// write others.
const ownVersion = 8

// byMailID reads the message from the mail's own Message-ID, if it contains an
// id of glint: those are UUIDs of version 8 (RFC 9562 §5.8), unlike ids of mail
// programs.
func (e *Event) byMailID(mailID string) {
	local, _, _ := strings.Cut(strings.Trim(mailID, " \t<>"), "@")
	if id, ok := messageID(local); ok && e.Message == (uuid.UUID{}) && id.Version() == ownVersion {
		e.Message = id
	}
}
