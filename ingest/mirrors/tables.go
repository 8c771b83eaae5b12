package mirrors

// table is a copied table.
type table struct {
	name   string
	logged bool   // its rows are also loaded from the log
	later  string // condition on the rows that enter a logged table in other ways
}

// tables are the copied tables, in order: tables that others refer to come first.
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
	// The lines of an erased person are deleted from the log. A mirror that reads the log
	// later does not see them; the first warehouse has them without a campaign.
	{name: "aggregate_opens", logged: true, later: "campaign_id = 0"},
	{name: "unresolved_opens", logged: true},
	{name: "bad_tokens", logged: true},
	{name: "web_events", logged: true},
}

// held are the tables whose rows mark rows of other tables as complete. They are
// read before all others and written after them.
var held = map[string]bool{"registrations": true, "judgements": true}

// own are the tables that are separate in each warehouse: they are computed from the
// others, or contain its current work. Adopt copies the secret of recipient keys.
var own = []string{
	"arrivals", "campaign_breakdowns", "campaign_changes", "campaign_estimate_totals", "campaign_totals", "erasing", "message_campaigns", "recipient_messages",
	"recipient_secret", "schema_views",
}
