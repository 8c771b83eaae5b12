package deploy

import (
	"encoding/xml"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

type service struct {
	Image string `yaml:"image"`
	Build struct {
		Context    string `yaml:"context"`
		Dockerfile string `yaml:"dockerfile"`
		Target     string `yaml:"target"`
	} `yaml:"build"`
	Command         []string          `yaml:"command"`
	Environment     map[string]string `yaml:"environment"`
	Volumes         []string          `yaml:"volumes"`
	Ports           []string          `yaml:"ports"`
	DependsOn       yaml.Node         `yaml:"depends_on"`
	Restart         string            `yaml:"restart"`
	StopGracePeriod string            `yaml:"stop_grace_period"`
	Healthcheck     struct {
		Test     []string `yaml:"test"`
		Interval string   `yaml:"interval"`
		Timeout  string   `yaml:"timeout"`
		Retries  int      `yaml:"retries"`
	} `yaml:"healthcheck"`
	ReadOnly    bool           `yaml:"read_only"`
	Tmpfs       []string       `yaml:"tmpfs"`
	CapDrop     []string       `yaml:"cap_drop"`
	SecurityOpt []string       `yaml:"security_opt"`
	Ulimits     map[string]int `yaml:"ulimits"`
}

// dependencies are the services that s waits for.
func (s *service) dependencies() (names []string) {
	for i, n := range s.DependsOn.Content {
		if s.DependsOn.Kind == yaml.SequenceNode || i%2 == 0 {
			names = append(names, n.Value)
		}
	}
	return names
}

type compose struct {
	Name     string             `yaml:"name"`
	Services map[string]service `yaml:"services"`
	Volumes  map[string]any     `yaml:"volumes"`
}

func readCompose(t *testing.T) (c compose) {
	t.Helper()
	decode(t, &c, "compose.yaml")
	for _, name := range []string{"glint", "clickhouse", "prometheus", "grafana"} {
		if _, ok := c.Services[name]; !ok {
			t.Errorf("compose.yaml has no %s", name)
		}
	}
	return c
}

func TestComposeNamesWhatThereIs(t *testing.T) {
	c := readCompose(t)
	for name, s := range c.Services {
		for _, other := range s.dependencies() {
			if _, ok := c.Services[other]; !ok {
				t.Errorf("%s waits for %s, which is no service", name, other)
			}
		}
		for _, v := range s.Volumes {
			from, _, ok := strings.Cut(v, ":")
			if !ok {
				t.Errorf("%s: volume %s goes nowhere", name, v)
			}
			if !strings.HasPrefix(from, ".") {
				if _, ok := c.Volumes[from]; !ok {
					t.Errorf("%s: volume %s is not declared", name, from)
				}
				continue
			}
			if _, err := os.Stat(filepath.FromSlash(from)); err != nil || !strings.HasSuffix(v, ":ro") {
				t.Errorf("%s: %s is not there, or may be written", name, v)
			}
		}
		if (s.Image == "") == (s.Build.Context == "") {
			t.Errorf("%s has the image %q and is built from %q", name, s.Image, s.Build.Context)
		}
		if s.Image != "" && !regexp.MustCompile(`:v?[0-9]+\.[0-9]`).MatchString(s.Image) {
			t.Errorf("%s: the version of %s is open", name, s.Image)
		}
	}
}

// TestComposePublishesOnLoopbackOnly since none of the ports has TLS.
func TestComposePublishesOnLoopbackOnly(t *testing.T) {
	published := 0
	for name, s := range readCompose(t).Services {
		for _, p := range s.Ports {
			published++
			if !strings.HasPrefix(p, "127.0.0.1:") {
				t.Errorf("%s publishes %s to everybody", name, p)
			}
		}
	}
	if published == 0 {
		t.Error("no port is published")
	}
}

func TestComposeBuildsAndConfiguresGlint(t *testing.T) {
	c := readCompose(t)
	s := c.Services["glint"]
	_, order := stages(t)
	if !slices.Contains(order, s.Build.Target) {
		t.Errorf("the Dockerfile has no stage %q", s.Build.Target)
	}
	if _, err := os.Stat(filepath.Join(s.Build.Context, s.Build.Dockerfile)); err != nil {
		t.Error(err)
	}
	for name := range s.Environment {
		checkVariable(t, name)
	}
	if !slices.Contains(s.Volumes, "glint:/var/lib/glint") {
		t.Error("glint's home is not on a volume")
	}
	for _, volume := range c.Services["grafana"].Volumes {
		if strings.HasPrefix(volume, "./grafana/dashboard.json:") {
			path := strings.Split(volume, ":")[1]
			if got := c.Services["grafana"].Environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]; got != path {
				t.Errorf("Grafana opens %s, the dashboard is %s", got, path)
			}
			if !strings.Contains(read(t, "grafana", "provisioning", "dashboards", "glint.yaml"), "path: "+filepath.Dir(path)+"\n") {
				t.Errorf("Grafana does not look for dashboards in %s", filepath.Dir(path))
			}
			return
		}
	}
	t.Error("Grafana has no dashboard")
}

func TestSecretsOfComposeAreInItsExample(t *testing.T) {
	example := read(t, "compose.env.example")
	used := regexp.MustCompile(`\$\{([A-Z_]+):\?`).FindAllStringSubmatch(read(t, "compose.yaml"), -1)
	if len(used) == 0 {
		t.Fatal("compose.yaml takes no secret from outside")
	}
	for _, m := range used {
		if !strings.Contains(example, "\n"+m[1]+"=\n") {
			t.Errorf("compose.env.example does not name %s", m[1])
		}
	}
	if n := strings.Count(read(t, "compose.yaml"), "${"); n != len(used) {
		t.Errorf("%d of %d variables may be left empty unseen", n-len(used), n)
	}
}

// TestClickHouseSyncsLikeTheEmbeddedEngine since a 2xx promises no more than
// what the server's acknowledgement does.
func TestClickHouseSyncsLikeTheEmbeddedEngine(t *testing.T) {
	text := read(t, "clickhouse", "glint.xml")
	if err := xml.Unmarshal([]byte(text), new(struct{})); err != nil {
		t.Fatal(err)
	}
	embedded := read(t, "..", "warehouse", "embedded", "engine.xml.tmpl")
	synced := regexp.MustCompile(`<(fsync_\w+)>1</fsync_\w+>`).FindAllString(embedded, -1)
	if len(synced) == 0 {
		t.Fatal("the embedded engine syncs nothing?")
	}
	for _, setting := range synced {
		if !strings.Contains(text, setting) {
			t.Errorf("clickhouse/glint.xml lacks %s", setting)
		}
	}
}

// TestClickHouseHasBothFiles since readers would otherwise get at the tables.
func TestClickHouseHasBothFiles(t *testing.T) {
	volumes := readCompose(t).Services["clickhouse"].Volumes
	for _, mount := range []string{
		"./clickhouse/glint.xml:/etc/clickhouse-server/config.d/glint.xml:ro",
		"./clickhouse/users.xml:/etc/clickhouse-server/users.d/glint.xml:ro",
	} {
		if !slices.Contains(volumes, mount) {
			t.Errorf("the server lacks %s", mount)
		}
	}
	if err := xml.Unmarshal([]byte(read(t, "clickhouse", "users.xml")), new(struct{})); err != nil {
		t.Error(err)
	}
}

func TestProvisioningFilesAreYAML(t *testing.T) {
	files, err := filepath.Glob("grafana/provisioning/*/*.yaml")
	if err != nil || len(files) != 2 {
		t.Fatalf("%d files, want 2: %v", len(files), err)
	}
	for _, file := range files {
		var v struct {
			APIVersion int `yaml:"apiVersion"`
		}
		if err := yaml.Unmarshal([]byte(read(t, file)), &v); err != nil || v.APIVersion != 1 {
			t.Errorf("%s: version %d, %v", file, v.APIVersion, err)
		}
	}
}
