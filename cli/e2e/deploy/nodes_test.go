package deploy

import (
	"encoding/xml"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const nodesFile = "compose-nodes.yaml"

// TestNodesShareNothingButTheWarehouse: each node and each replica has a disk of its own,
// and the nodes know all replicas.
func TestNodesShareNothingButTheWarehouse(t *testing.T) {
	var c compose
	decode(t, &c, nodesFile)
	disks, settings := map[string]string{}, map[string]map[string]string{}
	for name, s := range c.Services {
		for _, v := range s.Volumes {
			from, _, _ := strings.Cut(v, ":")
			if strings.HasPrefix(from, ".") {
				if _, err := os.Stat(from); err != nil || !strings.HasSuffix(v, ":ro") {
					t.Errorf("%s: %s is not there, or may be written", name, v)
				}
				continue
			}
			if _, ok := c.Volumes[from]; !ok || disks[from] != "" {
				t.Errorf("the volume %s of %s is not declared, or also %s's", from, name, disks[from])
			}
			disks[from] = name
		}
		for _, p := range s.Ports {
			if !strings.HasPrefix(p, "127.0.0.1:") {
				t.Errorf("%s publishes %s to everybody", name, p)
			}
		}
		for _, other := range s.dependencies() {
			if _, ok := c.Services[other]; !ok {
				t.Errorf("%s waits for %s, which is no service", name, other)
			}
		}
		settings[name] = s.Environment
	}
	if len(c.Services) != 5 || len(disks) != 5 {
		t.Fatalf("%d services with %d disks, want 5", len(c.Services), len(disks))
	}
	replicas := regexp.MustCompile(`clickhouse-\d`)
	for _, node := range []string{"glint-1", "glint-2"} {
		if got := replicas.FindAllString(settings[node]["GLINT_WAREHOUSE"], -1); !slices.Equal(got, []string{"clickhouse-1", "clickhouse-2", "clickhouse-3"}) {
			t.Errorf("%s knows the replicas %v", node, got)
		}
		for name := range settings[node] {
			if strings.HasPrefix(name, "GLINT_") {
				checkVariable(t, name)
			}
		}
	}
	for _, number := range []string{"1", "2", "3"} {
		if got := settings["clickhouse-"+number]["NUMBER"]; got != number {
			t.Errorf("replica %s has the number %q", number, got)
		}
	}
	example := read(t, "compose.env.example")
	for _, m := range regexp.MustCompile(`\$\{([A-Z_]+)`).FindAllStringSubmatch(read(t, nodesFile), -1) {
		if !strings.Contains(example, "\n"+m[1]+"=\n") {
			t.Errorf("compose.env.example does not name %s", m[1])
		}
	}
}

// TestEachReplicaIsAKeeper: the hosts of Keeper equal the compose file's.
func TestEachReplicaIsAKeeper(t *testing.T) {
	var c struct {
		Raft []struct {
			ID   string `xml:"id"`
			Host string `xml:"hostname"`
		} `xml:"keeper_server>raft_configuration>server"`
		Port  string `xml:"keeper_server>tcp_port"`
		Nodes []struct {
			Host string `xml:"host"`
			Port string `xml:"port"`
		} `xml:"zookeeper>node"`
	}
	if err := xml.Unmarshal([]byte(read(t, "clickhouse", "replica.xml")), &c); err != nil {
		t.Fatal(err)
	}
	if len(c.Raft) != 3 || len(c.Nodes) != 3 {
		t.Fatalf("%d Keepers of which %d are known, want 3", len(c.Raft), len(c.Nodes))
	}
	for i := range c.Raft {
		if want := "clickhouse-" + c.Raft[i].ID; c.Raft[i].Host != want || c.Nodes[i].Host != want || c.Nodes[i].Port != c.Port {
			t.Errorf("Keeper %s: %+v, %+v", c.Raft[i].ID, c.Raft[i], c.Nodes[i])
		}
	}
}
