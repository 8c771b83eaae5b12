package networks

// Untold returns, in sentences, what cannot be told of clients for want of the
// book's sources; none if all are there. The operator's file may say anything,
// so with one nothing is known to be missing but what Apple's list would tell.
func (b *Book) Untold() []string {
	var untold []string
	if b.Relay == nil {
		untold = append(untold, "without Apple's list (glint networks update) its privacy prefetch looks like \"unknown\"")
	}
	if b.Operator == nil {
		untold = append(untold, "without a file of your own (--networks) nothing tells hosting networks, and of scanners only the few built in")
	}
	if b.ASNs == nil {
		untold = append(untold, "without a list of AS numbers (glint networks update) or a database (--asn-db) there is no AS number and mostly no country, and Gmail's prefetch looks like \"unknown\"")
	}
	return untold
}
