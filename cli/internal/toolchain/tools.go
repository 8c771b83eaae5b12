package toolchain

import "context"

// tool is one row of the table: how a copy is recognised and how it is made.
type tool struct {
	name, version string

	command     string   // its name on PATH; "" if it is not a command
	versionArgs []string // make it print its version
	writesHome  bool     // leaves files in the home folder even then
	override    string   // environment variable that may name a copy
	starts      []string // commands that it starts and that must be on PATH

	file      string // path inside its folder of the cache
	plan      string // method and duration of its installation
	otherwise string // the hint if it cannot be installed

	// preflight returns an error for a missing prerequisite, before any other work; build fills
	// j.out.
	preflight func(ctx context.Context, t tool) error
	build     func(ctx context.Context, j *job) error
}

// missing returns the error for a missing installer.
func (t tool) missing(problem, hint string) error {
	return &Error{Tool: t.name, Problem: problem, Hint: hint, Err: ErrInstallerMissing}
}

// pinned is the table. The times were measured on two idle cores.
var pinned = []tool{
	{
		name: "tinygo", version: tinygoVersion,
		command: "tinygo", versionArgs: []string{"version"},
		starts:    []string{"clang-" + llvmMajor, "wasm-ld-" + llvmMajor, "wasm-opt"},
		file:      "bin/tinygo",
		plan:      "building with go and Debian's LLVM, about 2 minutes on two cores",
		otherwise: "install TinyGo >= " + tinygoVersion + " and binaryen so that tinygo and wasm-opt are on PATH",
		preflight: tinygoPreflight,
		build:     buildTinygo,
	},
	{
		name: "viceroy", version: viceroyVersion,
		command: "viceroy", versionArgs: []string{"--version"},
		file:      "bin/viceroy",
		plan:      "building with cargo, about 8 minutes on two cores",
		otherwise: "put viceroy >= " + viceroyVersion + " on PATH",
		preflight: cargoPreflight(rustVersion),
		build:     buildCargo("viceroy"),
	},
	{
		name: "engine", version: engineVersion, override: "GLINT_ENGINE",
		file:      "libchdb.so",
		plan:      "downloading 178 MB with npm, 566 MB unpacked",
		otherwise: "put libchdb.so " + engineVersion + " somewhere and set GLINT_ENGINE",
		preflight: npmPreflight,
		build:     unpackNPM(npmArchive{enginePackage, engineSHA256, "package/libchdb.so", 0o644}),
	},
	{
		name: "golangci-lint", version: golangciVersion,
		command: "golangci-lint", versionArgs: []string{"--version"},
		file:      "bin/golangci-lint",
		plan:      "building with go, about 2 minutes on two cores",
		otherwise: "put golangci-lint >= " + golangciVersion + " on PATH",
		preflight: goPreflight,
		build:     buildGo(golangciPackage),
	},
	{
		name: "fastly", version: fastlyVersion,
		command: "fastly", versionArgs: []string{"version"}, writesHome: true,
		file:      "bin/fastly",
		plan:      "downloading 10 MB with npm",
		otherwise: "put fastly >= " + fastlyVersion + " on PATH",
		preflight: npmPreflight,
		build:     unpackNPM(npmArchive{fastlyPackage, fastlySHA256, "package/fastly", 0o755}),
	},
	{
		name: "chromium", version: chromiumVersion,
		file:      "chromium",
		plan:      "downloading 70 MB with npm, 214 MB unpacked",
		otherwise: "run the suites without the browser's test",
		preflight: npmPreflight,
		build:     buildChromium,
	},
}
