package networks

// Untold returns a sentence for each fact about clients that is unknown because
// a source of the book is missing; none if all are present. The operator's file
// may contain any network, so with one only Apple's list can be missing.
func (b *Book) Untold() []string {
	var untold []string
	if b.Relay == nil {
		untold = append(untold, "without Apple's list (glint networks update) its privacy prefetch looks like \"unknown\"")
	}
	if b.Operator == nil {
		untold = append(untold, "without a file of your own (--networks) hosting networks are unknown, and of scanners all but the few built in")
	}
	if b.ASNs == nil {
		untold = append(untold, "without a list of AS numbers (glint networks update) or a database (--asn-db) there is no AS number and mostly no country, and Gmail's prefetch looks like \"unknown\"")
	}
	return untold
}
