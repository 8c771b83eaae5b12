package output

// Plain returns a cell of a CSV file that no spreadsheet runs as a formula: a
// cell that begins with a formula character gets a leading apostrophe.
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
