package toolchain

// Every version and checksum of the tools, in one place. A newer tool on PATH
// is accepted; the version here is the one that we install.
const (
	// TinyGo 0.41.1 is the newest release whose dependencies can all be had as
	// Go modules. Its module is checked against this sum; the modules that it
	// needs are checked against the go.sum inside it.
	tinygoVersion = "0.41.1"
	tinygoSum     = "h1:Hp1Frc4zQALL88t49XraSZEwkIYEjMOmmurlmsTigzE="
	// LLVM 19 is the newest in Debian 12. Debian's packages are checked by apt
	// against the distribution's signed indexes.
	llvmMajor     = "19"
	debianRelease = "12"

	// Viceroy and its crates are checked by cargo: --locked takes the checksums
	// in the Cargo.lock of the release.
	viceroyVersion = "0.22.0"
	rustVersion    = "1.95.0" // the oldest that compiles it

	// golangci-lint's modules are checked by the go command against the
	// checksum database and the release's go.sum.
	golangciVersion = "2.8.0"
	golangciPackage = "github.com/golangci/golangci-lint/v2/cmd/golangci-lint"

	// npm archives are checked here.
	engineVersion = "26.7.3"
	enginePackage = "@chdb/lib-linux-x64-gnu@26.7.3-stable.1"
	engineSHA256  = "c0d32b129e988f2b9a9a31c9141aecf5e1e2453f9a079efc4d36ab8e3f92b2ad"

	fastlyVersion = "16.1.0"
	fastlyPackage = "@fastly/cli-linux-x64@16.1.0"
	fastlySHA256  = "955bde49c73e6bcb9af295394106bb2fed41174517c8150f6467f3cbf7d9a910"

	// A headless Chromium with its libraries and fonts, for the test of pages.
	chromiumVersion = "153.0.0"
	chromiumPackage = "@sparticuz/chromium@153.0.0"
	chromiumSHA256  = "20e5656fcdcf4118ede85edfb9d6bb9cc1bbb7ffb8b75622fffbcf36a835c3c0"
)
