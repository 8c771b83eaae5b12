package classify

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"glint/edge/classify"
)

// flags describe one request; their names equal a line's fields.
type flags struct {
	values  []flagValue
	headers []string
	input   input
}

// flagValue is the flag of the field with the same name.
type flagValue struct {
	flag, text string
}

func (f *flags) add(cmd *cobra.Command) {
	fields := [...]struct{ flag, usage string }{
		{"user-agent", "user agent"},
		{"ip", "address of the client"},
		{"as-number", "number of the client's autonomous system"},
		{"proxy-type", "Fastly's name for the kind of proxy, such as hosting"},
		{"proxy-description", "Fastly's description of the proxy, such as apple"},
		{"network", "apple_relay, scanner:<name>, hosting, none or unknown"},
		{"method", "method of the request (default GET)"},
		{"referer", "URL of the page around the image"},
		{"protocol", "HTTP version of the request, such as HTTP/2"},
		{"ja4", "JA4 fingerprint of the TLS client"},
		{"bot-detection", "the platform's bot detection: verified, detected or none"},
		{"bot-name", "the platform's name of the bot"},
		{"bot-category", "the platform's category of the bot"},
		{"connection-type", "Fastly's name for the kind of connection, such as broadband"},
		{"sent-at", "time at which the mail was sent, RFC 3339"},
		{"opened-at", "time of the request, RFC 3339"},
	}
	f.values = make([]flagValue, len(fields))
	for i, field := range fields {
		f.values[i].flag = field.flag
		cmd.Flags().StringVar(&f.values[i].text, field.flag, "", field.usage)
	}
	cmd.Flags().StringArrayVar(&f.headers, "header", nil, "header of the request, such as 'Sec-Fetch-Dest: image'; repeatable")
}

// given reports whether any of the flags is set.
func (f *flags) given(cmd *cobra.Command) bool {
	return cmd.Flags().Changed("header") || slices.ContainsFunc(f.values, func(v flagValue) bool { return cmd.Flags().Changed(v.flag) })
}

// check fills the input. It returns an error that names the flag of the wrong
// form. An empty value means unknown, as in a line.
func (f *flags) check() error {
	for _, v := range f.values {
		if v.text == "" {
			continue
		}
		_, ok := f.input.setText(strings.ReplaceAll(v.flag, "-", "_"), v.text)
		if v.flag == "as-number" {
			ok = f.input.setASNumber(v.text)
		}
		if v.flag == "network" && !isNetwork(v.text) {
			return fmt.Errorf("--network must be one of %s, %s<name>", strings.Join(networkNames[:], ", "), classify.NetworkScannerPrefix)
		}
		if !ok {
			return fmt.Errorf("--%s has the wrong form", v.flag)
		}
	}
	for _, header := range f.headers {
		name, value, ok := strings.Cut(header, ":")
		if !ok || strings.TrimSpace(name) == "" {
			return errors.New("--header wants a name, a colon and a value")
		}
		f.input.setHeader(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	return nil
}

// isNetwork reports whether the edge gives a network this name. A line
// of a later edge may have other names.
func isNetwork(name string) bool {
	scanner, isScanner := strings.CutPrefix(name, classify.NetworkScannerPrefix)
	return isScanner && scanner != "" || slices.Contains(networkNames[:], name)
}

var networkNames = [...]string{classify.NetworkRelay, classify.NetworkHosting, classify.NetworkNone, classify.NetworkUnknown}
