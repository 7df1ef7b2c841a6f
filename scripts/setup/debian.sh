# SPDX-License-Identifier: LGPL-3.0-only
# The packages of the operating system. Only what is missing gets installed, and
# no service of the machine is started by it.

on_debian() { (. /etc/os-release && [[ $ID == debian && ${VERSION_ID:-99} -ge 12 ]]) 2>/dev/null; }

has_package() { [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

has_initdb() { command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; }

# missing_packages: one package name a line.
missing_packages() {
  local package
  [[ -n ${PYTHON:-} ]] || python3 -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv
  if [[ -n ${PGHOST:-} ]]; then
    command -v pg_dump >/dev/null || echo postgresql-client
  else
    has_initdb || echo postgresql
  fi
  command -v haproxy >/dev/null || [[ -x /usr/sbin/haproxy ]] || echo haproxy
  command -v make >/dev/null || echo make
  command -v wkhtmltopdf >/dev/null || echo wkhtmltopdf # letters to owners
  [[ ${RECALL_BENCH:-0} == 0 ]] || command -v wrk >/dev/null || echo wrk
  # A documented client is in Java; 120 MB that only its test needs.
  [[ ${RECALL_JAVA:-0} == 0 ]] || command -v javac >/dev/null || echo default-jdk-headless
  if on_debian; then
    # Chinese and Latin letters for letters to owners, and for the browser.
    for package in fonts-noto-cjk fonts-dejavu-core; do
      has_package "$package" || echo "$package"
    done
  fi
  [[ ${RECALL_DEV:-1} == 0 ]] || missing_browser
}

# The browser of tests and demo, and what makes it trust the local authority.
missing_browser() {
  command -v chromium >/dev/null || command -v google-chrome >/dev/null || echo chromium
  command -v certutil >/dev/null || echo libnss3-tools
  ! on_debian || has_package libatomic1 || echo libatomic1 # of Playwright's driver
}

install_debian_packages() {
  local missing
  mapfile -t missing < <(missing_packages)
  ((${#missing[@]})) || return 0
  on_debian || die "this machine is not Debian 12 or newer: install ${missing[*]} by hand, then run this again"
  need_root "install ${missing[*]}"
  say "installing ${missing[*]}"
  update_package_lists
  keep_services_quiet
  retry as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >"$local_dir/apt.log" 2>&1 ||
    die "apt-get could not install ${missing[*]}: $(grep -m1 '^E:' "$local_dir/apt.log" || echo "see $local_dir/apt.log")"
  let_services_be
}

update_package_lists() {
  need_root "update the package lists"
  retry as_root apt-get update -qq >"$local_dir/apt-update.log" 2>&1 ||
    die "apt-get update failed: check the network and the machine's package sources (see $local_dir/apt-update.log)"
}

# The packages of PostgreSQL and HAProxy start a server when they are installed;
# ours run from .local. Both files below are taken away again.
keep_services_quiet() {
  quiet_files=()
  write_quietly /usr/sbin/policy-rc.d '#!/bin/sh\nexit 101\n'
  write_quietly /etc/postgresql-common/createcluster.d/recall.conf 'create_main_cluster = false\n'
  trap let_services_be EXIT
}

write_quietly() {
  [[ ! -e $1 ]] || return 0
  as_root mkdir -p "$(dirname "$1")"
  printf "$2" | as_root tee "$1" >/dev/null
  as_root chmod 755 "$1"
  quiet_files+=("$1")
}

let_services_be() {
  ((${#quiet_files[@]})) || return 0
  as_root rm -f "${quiet_files[@]}"
  quiet_files=()
}
