package embedded

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	_ "embed" // for the template
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"text/template"

	"glint/ingest/warehouse/embedded/gatekeeper"
)

//go:embed engine.xml.tmpl
var configText string

var configTemplate = template.Must(template.New("engine.xml").Funcs(template.FuncMap{
	"xml": func(s string) (string, error) {
		var escaped bytes.Buffer
		err := xml.EscapeText(&escaped, []byte(s))
		return escaped.String(), err
	},
}).Parse(configText))

// layout holds the paths on disk. The lock file is beside the engine's own
// folder, since the engine treats each file inside as its own.
type layout struct {
	Lock, DataDir, ConfigFile, TempDir, FilesDir, LogDir, LogFile, StderrFile string
}

func newLayout(cfg *Config) layout {
	logs := filepath.Join(cfg.RunDir, "logs")
	return layout{
		Lock:       filepath.Join(cfg.DataDir, "glint.lock"),
		DataDir:    filepath.Join(cfg.DataDir, "clickhouse"),
		ConfigFile: filepath.Join(cfg.RunDir, "engine.xml"),
		TempDir:    filepath.Join(cfg.RunDir, "tmp"),
		FilesDir:   filepath.Join(cfg.RunDir, "files"),
		LogDir:     logs,
		LogFile:    filepath.Join(logs, "engine.log"),
		StderrFile: filepath.Join(logs, "engine-stderr.log"),
	}
}

// makeDirs creates the folders inside RunDir and the engine's data folder for
// the owner only. It restricts existing logs to the owner, too.
func (l *layout) makeDirs() error {
	for _, dir := range []string{l.DataDir, l.TempDir, l.FilesDir, l.LogDir} {
		if err := makePrivateDir(dir); err != nil {
			return err
		}
	}
	logs, err := os.ReadDir(l.LogDir)
	if err != nil {
		return fmt.Errorf("list logs: %w", err)
	}
	for _, log := range logs {
		if err := os.Chmod(filepath.Join(l.LogDir, log.Name()), 0o600); err != nil {
			return fmt.Errorf("narrow mode: %w", err)
		}
	}
	return nil
}

// makePrivateDir creates dir, or restricts an existing one to its owner.
func makePrivateDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("create folder: %w", err)
	}
	if err := os.Chmod(dir, 0o700); err != nil { // a folder needs the x bit
		return fmt.Errorf("narrow mode: %w", err)
	}
	return nil
}

// maxReaderSeconds bounds one query of a reader.
const maxReaderSeconds = 300

// readerLimits returns the limits for readers.
func readerLimits(cfg *Config) gatekeeper.Limits {
	return gatekeeper.Limits{
		Threads: uint64(runtime.NumCPU()), MemoryBytes: cfg.MaxMemoryBytes / 2, ExecutionSeconds: maxReaderSeconds,
	}
}

// parserName is the user whose statements are only parsed: it has no grants. No
// configured user can have this name, since it is not a valid identifier of
// Config.
const parserName = "Parser"

// secrets are generated for each start of the engine.
type secrets struct {
	Door   string // the engine's listener requires it
	Parser string // the password of parserName
}

func newSecrets() secrets { return secrets{Door: rand.Text(), Parser: rand.Text()} }

func hexSum(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// renderedUser is a User in the terms of the engine's configuration.
type renderedUser struct {
	Name, PasswordSHA256, Profile string
	Grants                        []string
}

// renderConfig returns the engine's configuration for one start.
func renderConfig(cfg *Config, files layout, port int, s secrets) ([]byte, error) {
	limits := readerLimits(cfg)
	values := struct {
		layout
		Door                 string
		ParserName           string
		ParserSHA256         string
		Port                 int
		MaxMemoryBytes       uint64
		WarehouseMemoryBytes uint64
		ReaderMemoryBytes    uint64
		CacheBytes           uint64
		ReaderThreads        uint64
		ReaderSeconds        uint64
		Sealed               []string
		Users                []renderedUser
	}{
		layout:               files,
		Door:                 s.Door,
		ParserName:           parserName,
		ParserSHA256:         hexSum(s.Parser),
		Port:                 port,
		MaxMemoryBytes:       cfg.MaxMemoryBytes,
		WarehouseMemoryBytes: cfg.MaxMemoryBytes / 10 * 8,
		ReaderMemoryBytes:    limits.MemoryBytes,
		ReaderSeconds:        limits.ExecutionSeconds,
		CacheBytes:           min(cfg.MaxMemoryBytes/16, 512<<20),
		ReaderThreads:        limits.Threads,
		Sealed:               sealedSettings,
	}
	for _, user := range cfg.Users {
		values.Users = append(values.Users, renderUser(user))
	}
	var text bytes.Buffer
	if err := configTemplate.Execute(&text, values); err != nil {
		return nil, fmt.Errorf("render engine configuration: %w", err)
	}
	return text.Bytes(), nil
}

// warehouseEngines keep their data in the data directory or in memory. Other
// engines access files and other hosts, and are not needed.
var warehouseEngines = []string{
	"Atomic", "View", "MaterializedView", "Memory", "Null", "Set", "Join", "Buffer", "Merge",
	"MergeTree", "ReplacingMergeTree", "SummingMergeTree", "AggregatingMergeTree",
	"CollapsingMergeTree", "VersionedCollapsingMergeTree", "CoalescingMergeTree",
}

func renderUser(user User) renderedUser {
	rendered := renderedUser{Name: user.Name, PasswordSHA256: hexSum(user.Password), Profile: "reader"}
	if user.isWarehouse() {
		rendered.Profile = "warehouse"
		for _, engine := range warehouseEngines {
			rendered.Grants = append(rendered.Grants, "GRANT TABLE ENGINE ON "+engine)
		}
		rendered.Grants = append(rendered.Grants,
			"GRANT ALL ON "+Database+".*",
			// A dictionary's source may be a file or another host.
			"REVOKE CREATE DICTIONARY ON "+Database+".*",
			"GRANT SELECT ON system.*",
			// Outside glint: end queries, views that run with its own rights, external tables of a query.
			"GRANT KILL QUERY ON *.*",
			"GRANT SET DEFINER ON "+user.Name,
			"GRANT CREATE TEMPORARY TABLE ON *.*",
		)
		return rendered
	}
	// information_schema.tables, which BI tools read, needs it; it shows parts of visible tables only.
	rendered.Grants = append(rendered.Grants, "GRANT SELECT ON system.parts")
	for _, view := range user.ReadOnlyViews {
		rendered.Grants = append(rendered.Grants, "GRANT SELECT ON "+Database+"."+view)
	}
	return rendered
}
