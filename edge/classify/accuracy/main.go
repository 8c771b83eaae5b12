// Command accuracy judges public corpora and prints how often the classifier is
// right: one row per corpus and expected class, and the bars that a release has
// to meet. It exits 3 if a bar is missed, 1 if a corpus cannot be read.
//
//	go run ./edge/classify/accuracy -corpora DIR
//
// DIR holds yauaa/tests.tsv, uap-core/test_ua.yaml, icloud-private-relay/,
// cloud-ranges/ and scanner-networks/scanner-networks.tsv, and may hold lists of
// user agents of any other source as user-agents/SOURCE/LABEL.txt (lists.go). It
// prints the share judged rightly of each label, precision and recall of each
// class, and what is left without the words of a corpus. It measures user
// agents and prefixes; it cannot measure the rules that need a send time.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

func main() {
	corpora := flag.String("corpora", "", "folder of the corpora")
	misses := flag.String("misses", "", "also print the rows judged wrongly of the half `derive` or `check`")
	flag.Parse()
	missed, err := run(os.Stdout, *corpora, *misses)
	switch {
	case errors.Is(err, errUsage):
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	case missed > 0:
		fmt.Fprintf(os.Stderr, "accuracy: %d bars missed\n", missed)
		os.Exit(3)
	}
}

var errUsage = errors.New("accuracy: -corpora DIR is required")

// run prints the report and returns the number of bars missed.
func run(out io.Writer, dir, misses string) (int, error) {
	if dir == "" {
		return 0, errUsage
	}
	var r report
	if err := judgeYauaa(&r, filepath.Join(dir, "yauaa", "tests.tsv"), misses); err != nil {
		return 0, err
	}
	if err := judgeUAPCore(&r, filepath.Join(dir, "uap-core", "test_ua.yaml"), misses); err != nil {
		return 0, err
	}
	if err := judgeLists(&r, filepath.Join(dir, "user-agents"), misses); err != nil {
		return 0, err
	}
	if err := judgeRelay(&r, filepath.Join(dir, "icloud-private-relay")); err != nil {
		return 0, err
	}
	if err := judgeClouds(&r, filepath.Join(dir, "cloud-ranges")); err != nil {
		return 0, err
	}
	if err := judgeScanners(&r, filepath.Join(dir, "scanner-networks", "scanner-networks.tsv")); err != nil {
		return 0, err
	}
	return r.print(out)
}
