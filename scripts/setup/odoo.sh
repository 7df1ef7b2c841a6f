# SPDX-License-Identifier: LGPL-3.0-only
# Odoo 19 from Debian's archive, unpacked under .local/odoo. Variables:
#   ODOO_DIR    an Odoo 19 that is already there (folder that holds the package odoo)
#   ODOO_DEBS   folder with the .deb files, taken instead of a download
#   ODOO_SUITE  suite of the archive that carries odoo-19 (default: sid)

odoo_suite=${ODOO_SUITE:-sid}
odoo_prefix=$local_dir/odoo

# From the suite of Odoo; its fonts-font-awesome 7 lacks the files that Odoo links
# to, so that one comes from the machine's own release.
suite_packages=(odoo-19 libjs-jquery libjs-jquery-form libjs-underscore
  fonts-glyphicons-halflings fonts-inconsolata fonts-montserrat fonts-ocr-b
  fonts-roboto-unhinted)
release_packages=(fonts-font-awesome)

install_odoo() {
  if [[ -n ${ODOO_DIR:-} ]]; then
    grep -qs '^version_info = (19,' "$ODOO_DIR/odoo/release.py" ||
      die "ODOO_DIR=$ODOO_DIR holds no Odoo 19: name the folder in which the Python package odoo lies"
    return 0
  fi
  [[ -z ${ODOO_DEBS:-} || -d $ODOO_DEBS ]] || die "ODOO_DEBS=$ODOO_DEBS is no folder"
  local key debs=$local_dir/debs
  key=$(odoo_key)
  stamped odoo "$key" && return 0
  if [[ -n ${ODOO_DEBS:-} ]]; then
    debs=$ODOO_DEBS
    check_local_debs "$debs"
  else
    download_debs "$debs"
  fi
  unpack_debs "$debs"
  rm -rf "$local_dir/debs"
  stamp odoo "$key"
}

odoo_key() {
  {
    echo "${suite_packages[*]} ${release_packages[*]}"
    if [[ -n ${ODOO_DEBS:-} ]]; then stat -c '%n %s %Y' "$ODOO_DEBS"/*; else echo "$odoo_suite"; fi
  } | digest
}

check_local_debs() {
  local package
  if [[ -f $1/SHA256SUMS ]]; then
    (cd "$1" && sha256sum --quiet --check SHA256SUMS) || die "a file in $1 is damaged: its SHA256SUMS does not fit"
  fi
  for package in "${suite_packages[@]}" "${release_packages[@]}"; do
    compgen -G "$1/${package}_*.deb" >/dev/null || die "ODOO_DEBS=$1 lacks the package $package"
  done
}

# archive_address: where the machine gets its own release from, as apt reads it.
archive_address() {
  apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' |
    awk -v release="$1" '($2 == release || $3 == release) && $4 == "main" { print $1; exit }'
}

# A package manager of our own beside the machine's: own lists, own cache, the
# machine's network settings and keyring.
private_apt() {
  apt-get -qq -o Dir::State="$apt_dir/state" -o Dir::State::status=/dev/null \
    -o Dir::Cache="$apt_dir/cache" -o Dir::Etc::SourceList="$apt_dir/sources.list" \
    -o Dir::Etc::SourceParts=- -o Dir::Etc::PreferencesParts=- \
    -o APT::Sandbox::User="$(id -un)" -o Acquire::Languages=none \
    -o Acquire::Retries=3 -o APT::Update::Error-Mode=any "$@"
}

download_debs() {
  local release address keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  on_debian || die "Odoo is taken from Debian's archive, and this is no Debian 12: set ODOO_DIR to an Odoo 19 that is installed"
  release=$(. /etc/os-release && echo "$VERSION_CODENAME")
  [[ -n $(archive_address "$release") ]] || update_package_lists
  address=$(archive_address "$release")
  [[ -n $address ]] || die "apt has no source for $release main: add Debian's archive to the machine's package sources"
  apt_dir=$local_dir/apt
  rm -rf "$apt_dir" "$1"
  mkdir -p "$apt_dir/state/lists/partial" "$apt_dir/cache/archives/partial" "$1"
  printf "deb [signed-by=$keyring] $address %s main\n" "$odoo_suite" "$release" >"$apt_dir/sources.list"
  say "downloading Odoo 19 from Debian's suite $odoo_suite"
  retry private_apt update >"$local_dir/apt-update.log" 2>&1 ||
    die "no package list of suite $odoo_suite: check the network and ODOO_SUITE (see $local_dir/apt-update.log)"
  download_from "$release" "$1" "${release_packages[@]}"
  download_from "$odoo_suite" "$1" "${suite_packages[@]}"
  rm -rf "$apt_dir"
}

# download_from SUITE FOLDER PACKAGE…: apt checks each file against the signed list.
download_from() {
  (cd "$2" && retry private_apt download "${@:3}" -t "$1" >"$local_dir/apt-download.log" 2>&1) ||
    die "suite $1 does not give ${*:3}: try another ODOO_SUITE, or set ODOO_DEBS or ODOO_DIR ($(grep -m1 '^E:' "$local_dir/apt-download.log" || true))"
}

unpack_debs() {
  local package deb
  rm -rf "$odoo_prefix" "$odoo_prefix.new"
  mkdir -p "$odoo_prefix.new"
  say "unpacking Odoo 19"
  for package in "${suite_packages[@]}" "${release_packages[@]}"; do
    for deb in "$1/${package}"_*.deb; do
      dpkg-deb -x "$deb" "$odoo_prefix.new" || die "$deb cannot be unpacked: is the disk full?"
    done
  done
  keep_links_inside "$odoo_prefix.new"
  mv "$odoo_prefix.new" "$odoo_prefix"
}

# keep_links_inside PREFIX: links to /usr/share/… become links within the prefix,
# and none may lead nowhere (a missing script or font makes the website answer 500).
# point_of_sale is left out: its receipt font has another name in newer packages.
keep_links_inside() {
  local link target dangling
  while IFS= read -r link; do
    target=$(readlink "$link")
    ln -sfn "$(realpath -m --relative-to="$(dirname "$link")" "$1$target")" "$link"
  done < <(find "$1" -type l -lname '/usr/*')
  dangling=$(find "$1/usr/lib/python3/dist-packages/odoo/addons" \
    -path '*/point_of_sale' -prune -o -xtype l -path '*/static/*' -print -quit)
  [[ -z $dangling ]] || die "the link ${dangling#"$1"/} leads nowhere: the packages of ODOO_SUITE=$odoo_suite do not fit together; try ODOO_DEBS"
}
