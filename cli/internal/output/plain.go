package output

// Plain returns a cell of a CSV file so that no spreadsheet takes it for a
// formula: one that begins with a sign of formulas begins with an apostrophe.
// https://owasp.org/www-community/attacks/CSV_Injection
func Plain(cell string) string {
	if cell != "" {
		switch cell[0] {
		case '=', '+', '-', '@', '\t', '\r', '\n':
			return "'" + cell
		}
	}
	return cell
}
