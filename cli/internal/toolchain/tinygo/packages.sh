#!/usr/bin/env bash
# Installs the Debian packages named as arguments. Runs as root.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive

# Another apt-get may be at work. For the package database apt waits by itself
# when told to; for the lists it fails at once, so ask again.
for try in 1 2 3 4 5 6; do
	if apt-get update -q; then break; fi
	if [ "$try" = 6 ]; then exit 100; fi
	echo "the package lists are in use, trying again"
	sleep 10
done
apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=120 "$@"
