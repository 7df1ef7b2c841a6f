#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-3.0-only
# Installs what this checkout needs: Debian packages that are missing, Odoo 19
# and the Python environment under .local. Runs as root or as a user with sudo;
# a second run finds its stamps and does nothing.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
local_dir=$root/.local
stamps=$local_dir/stamps

. "$root/scripts/setup/common.sh"
. "$root/scripts/setup/debian.sh"
. "$root/scripts/setup/odoo.sh"
. "$root/scripts/setup/python.sh"

mkdir -p "$stamps"
exec 9>"$local_dir/setup.lock"
flock 9

install_debian_packages
install_odoo
install_python_environment
