package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	mailAgent    = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.4.0"
	browserAgent = "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0"
)

// writeCorpora writes a tiny corpus of every kind, each in its own shape.
func writeCorpora(t *testing.T, robot string) string {
	t.Helper()
	dir := t.TempDir()
	var tsv strings.Builder
	tsv.WriteString("source_file\tagent_class\tagent_name\tdevice_class\tuser_agent\n")
	for i := range 72 {
		fmt.Fprintf(&tsv, "x\tEmail Client\tx\tDesktop\t%s %d\n", mailAgent, i)
	}
	tsv.WriteString("x\tRobot\tx\tRobot\t" + robot + "\nx\tBrowser\tx\tDesktop\t" + browserAgent + "\n")
	for name, text := range map[string]string{
		"yauaa/tests.tsv":                       tsv.String(),
		"uap-core/test_ua.yaml":                 "test_cases:\n  - user_agent_string: '" + mailAgent + "'\n    family: 'Thunderbird'\n    major: '128'\n",
		"icloud-private-relay/ipv4-ranges.txt":  "172.224.226.0/31\n104.28.0.1\n",
		"icloud-private-relay/ipv6-ranges.txt":  "2a02:26f7:b000:4000::/64\n",
		"cloud-ranges/x.txt":                    "# a comment\n3.0.0.0/15\n",
		"scanner-networks/scanner-networks.tsv": "source\tscope\tcertainty\tlabel\n40.107.0.0/16\tall\tcertain\tmicrosoft-365-protection\nasn:22843\tall\tprobable\tproofpoint\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestAllBarsAreMet(t *testing.T) {
	var out bytes.Buffer
	missed, err := run(&out, writeCorpora(t, "Examplebot/1.0"), "")
	if err != nil || missed != 0 {
		t.Fatalf("missed %d, %v\n%s", missed, err, out.String())
	}
	for _, row := range []string{"mail client    72", "security_scanner     2", "machine_prefetch     3"} {
		if !strings.Contains(out.String(), row) {
			t.Errorf("no %q in\n%s", row, out.String())
		}
	}
}

func TestRobotTakenForAPersonMissesItsBar(t *testing.T) {
	var out bytes.Buffer
	robot := strings.Replace(browserAgent, "132.0", "131.0", 2)
	missed, err := run(&out, writeCorpora(t, robot), half(robot))
	if err != nil || missed != 1 {
		t.Fatalf("missed %d, %v\n%s", missed, err, out.String())
	}
	if !strings.Contains(out.String(), `"robot browser `+robot) {
		t.Errorf("the row is not shown:\n%s", out.String())
	}
}

// writeList adds a list of user agents to the corpora in dir.
func writeList(t *testing.T, dir, name string, agents ...string) {
	t.Helper()
	path := filepath.Join(dir, "user-agents", name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Join(agents, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestFurtherListsHaveTheirLabelsAndBars(t *testing.T) {
	dir := writeCorpora(t, "Examplebot/1.0")
	writeList(t, dir, "elsewhere/robots.txt", "Examplebot/1.0", "Otherbot/2.0", browserAgent)
	writeList(t, dir, "elsewhere/mail-clients.txt", mailAgent)
	writeList(t, dir, "elsewhere/http_library.txt", "python-requests/2.32.3", "Examplebot/1.0")
	var out bytes.Buffer
	missed, err := run(&out, dir, "")
	if err != nil || missed != 1 {
		t.Fatalf("missed %d, %v\n%s", missed, err, out.String())
	}
	// Of three judged bot, two are labelled robot; of five labelled so that bot
	// or a library is right, three were judged as their label allows.
	for _, row := range []string{
		"MISSED  elsewhere: 66.67 % of robots",
		"met     elsewhere: 0 of 1 mail clients",
		"elsewhere               bot       3        66.67         3     66.67",
		"elsewhere      http_library       1       100.00         5     60.00",
	} {
		if !strings.Contains(out.String(), row) {
			t.Errorf("no %q in\n%s", row, out.String())
		}
	}
	writeList(t, dir, "elsewhere/nonsense.txt", "x")
	if _, err := run(&out, dir, ""); err == nil || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("a list without a label gives %v", err)
	}
}

func TestACorpusIsJudgedWithoutItsOwnWords(t *testing.T) {
	var h holdout
	h.add("one", labelled{"Zenduty-checker", robot}) // in both
	h.add("one", labelled{"Glorp/1 (Thunderbird/3)", mailClient})
	h.add("two", labelled{"Other checker", robot})
	var out bytes.Buffer
	if err := h.print(&out); err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(out.String()), " ")
	for _, row := range []string{"one robot 1 100.00 100.00", "one mail client 1 100.00 0.00"} {
		if !strings.Contains(text, row) {
			t.Errorf("no %q in\n%s", row, out.String())
		}
	}
}

func TestMissingCorpusIsAnError(t *testing.T) {
	dir := writeCorpora(t, "Examplebot/1.0")
	if err := os.RemoveAll(filepath.Join(dir, "cloud-ranges")); err != nil {
		t.Fatal(err)
	}
	if _, err := run(&bytes.Buffer{}, dir, ""); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if _, err := run(&bytes.Buffer{}, "", ""); !errors.Is(err, errUsage) {
		t.Errorf("got %v", err)
	}
}
