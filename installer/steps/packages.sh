# shellcheck shell=sh
# Variables are those of install.sh, which reads this file.
# shellcheck disable=SC2034,SC2154
# What comes from Debian. Its security updates go on, but for what runs containers: that changes when an administrator says so.

packages='apparmor ca-certificates chrony conntrack curl e2fsprogs ethtool fdisk iproute2 iptables kmod nftables openssl procps runc socat util-linux xfsprogs'
held=runc

# Those of these that are installed whole: NAME VERSION.
installed() {
  dpkg-query --show --showformat '${db:Status-Abbrev} ${Package} ${Version}\n' "$@" 2>/dev/null |
    sed -n 's/^[ihr]i  *//p'
}
# Those of these that are not: ` NAME NAME`.
not_installed() {
  there=$(installed "$@" || :)
  for package; do
    printf '%s\n' "$there" | grep -q "^$package " || printf ' %s' "$package"
  done
}
# Installs these, out of the bundle where it has all of them for the Debian of this PC.
install_packages() {
  archive=$(archive_for_pc "$@")
  # Of an installation that a power cut ended.
  run_long dpkg --configure -a
  if [ -z "$archive" ]; then
    mend='see whether this PC reaches its Debian mirror: apt-get update; or take a bundle that has packages/ for its Debian'
    run_apt --quiet --quiet update
    run_apt --quiet --yes --no-install-recommends --option Dpkg::Options::=--force-confold install "$@"
    return
  fi
  mend='apt says above what does not fit: take a bundle that was made later, or one without packages/ and a mirror'
  if [ -n "$apply" ]; then
    mkdir -p "$run_folder/lists/partial"
    # apt takes no path with a blank in it.
    ln -sfn "$archive" "$run_folder/packages"
  fi
  apt_conf | put "$run_folder/apt.conf" 0644
  echo "deb [trusted=yes] file:$run_folder/packages ./" | put "$run_folder/bundle.list" 0644
  run_apt_of_bundle --quiet --quiet update
  run_apt_of_bundle --quiet --yes --no-install-recommends --option Dpkg::Options::=--force-confold install "$@"
}

packages_look() {
  # shellcheck disable=SC2086
  missing=$(not_installed $packages)
  if [ -n "$missing" ]; then
    # shellcheck disable=SC2086
    archive=$(archive_for_pc $missing)
    if [ -n "$archive" ]; then
      look_at_bundle
      if [ -n "$bundle_fault" ]; then refused "$bundle_fault" 'copy the bundle anew, and look at the disk or stick that it is on'; return; fi
    fi
    to_do "missing:$missing; from ${archive:-the mirror of this PC}"
    return
  fi
  for package in $held; do
    apt-mark showhold "$package" 2>/dev/null | grep -qx "$package" || { to_do "$package is not held at its version"; return; }
  done
  # shellcheck disable=SC2086
  is_done 'all there' "$(installed $packages | sed 's/ /=/' | paste -s -d ' ' - | fold -s -w 100)"
}

# What the bundle has for the Debian of this PC; nothing where it has not all of these, and the PC's own mirror serves.
archive_for_pc() {
  [ -n "$bundle" ] || return 0
  archive=$bundle/packages/$(debian_release)
  [ -f "$archive/Packages" ] || return 0
  for package; do grep -qx "Package: $package" "$archive/Packages" || return 0; done
  echo "$archive"
}

run_apt() { run_long env DEBIAN_FRONTEND=noninteractive apt-get "$@"; }

# With what the bundle has alone: its lists and its source lie in memory, and the PC's own stay as they are. That it is what its maker
# made, its sums have said.
run_apt_of_bundle() { run_apt --config-file="$run_folder/apt.conf" "$@"; }
apt_conf() {
  cat <<END
Dir::Etc::SourceList "$run_folder/bundle.list";
Dir::Etc::SourceParts "/dev/null";
Dir::State::Lists "$run_folder/lists";
APT::Sandbox::User "root";
END
}

packages_do() {
  mend='apt-get --fix-broken install says what is half there'
  # shellcheck disable=SC2086
  [ -z "$missing" ] || install_packages $missing
  # shellcheck disable=SC2086
  run apt-mark hold $held
}
