package mirrors

// table is a table that is copied.
type table struct {
	name   string
	logged bool   // its rows come by the log, too
	later  string // rows that come into a logged table by other ways, as a condition
}

// tables are those that are copied, in this order: what others refer to comes first.
var tables = []table{
	{name: "key_fingerprints"},
	{name: "campaigns"},
	{name: "strata"},
	{name: "sends"},
	{name: "withdrawals"},
	{name: "consents"},
	{name: "erased_messages"},
	{name: "deleted_campaigns"},
	{name: "last_opens"},
	{name: "deliveries"},
	{name: "unresolved_deliveries"},
	{name: "registrations"},
	{name: "opens", logged: true, later: "judged_run != 0"},
	{name: "judgements"},
	// An erased person's lines go from the log. A mirror that reads it later does not see
	// that they came, which the first warehouse keeps without a campaign.
	{name: "aggregate_opens", logged: true, later: "campaign_id = 0"},
	{name: "unresolved_opens", logged: true},
	{name: "bad_tokens", logged: true},
	{name: "web_events", logged: true},
}

// held are the tables whose rows say that rows of other tables are complete. They are
// read before all others and written after them.
var held = map[string]bool{"registrations": true, "judgements": true}

// own are the tables that each warehouse has for itself: it computes them from the
// others, or they say what it is doing. The secret of recipient keys is brought by Adopt.
var own = []string{
	"arrivals", "campaign_changes", "campaign_estimate_totals", "campaign_totals", "erasing", "message_campaigns", "recipient_messages",
	"recipient_secret", "schema_views",
}
