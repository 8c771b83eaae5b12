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
