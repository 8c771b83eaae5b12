package embedded

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // for the template
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"text/template"
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

// layout names everything we keep on disk. The lock file lies beside the
// engine's own folder, since the engine treats each file in there as its own.
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
// the owner only. Logs that are there already are narrowed to the owner, too.
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

// makePrivateDir creates dir, or narrows the mode of one that is there.
func makePrivateDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("create folder: %w", err)
	}
	if err := os.Chmod(dir, 0o700); err != nil { //nolint:gosec // a folder needs the x bit
		return fmt.Errorf("narrow mode: %w", err)
	}
	return nil
}

// renderedUser is a User in the terms of the engine's configuration.
type renderedUser struct {
	Name, PasswordSHA256, Profile string
	Grants                        []string
}

// renderConfig returns the engine's configuration for one start.
func renderConfig(cfg *Config, files layout, port int) ([]byte, error) {
	values := struct {
		layout
		Port                 int
		MaxMemoryBytes       uint64
		WarehouseMemoryBytes uint64
		ReaderMemoryBytes    uint64
		CacheBytes           uint64
		ReaderThreads        int
		Users                []renderedUser
	}{
		layout:               files,
		Port:                 port,
		MaxMemoryBytes:       cfg.MaxMemoryBytes,
		WarehouseMemoryBytes: cfg.MaxMemoryBytes / 10 * 8,
		ReaderMemoryBytes:    cfg.MaxMemoryBytes / 2,
		CacheBytes:           min(cfg.MaxMemoryBytes/16, 512<<20),
		ReaderThreads:        runtime.NumCPU(),
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

// warehouseEngines keep their data in the data directory or in memory. The
// others reach files and other hosts, and nobody needs them.
var warehouseEngines = []string{
	"Atomic", "View", "MaterializedView", "Memory", "Null", "Set", "Join", "Buffer", "Merge",
	"MergeTree", "ReplacingMergeTree", "SummingMergeTree", "AggregatingMergeTree",
	"CollapsingMergeTree", "VersionedCollapsingMergeTree", "CoalescingMergeTree",
}

func renderUser(user User) renderedUser {
	sum := sha256.Sum256([]byte(user.Password))
	rendered := renderedUser{Name: user.Name, PasswordSHA256: hex.EncodeToString(sum[:]), Profile: "reader"}
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
