# shellcheck shell=sh
# Variables are those of install.sh, which reads this file.
# shellcheck disable=SC2034,SC2154
# What comes from Debian. Its security updates go on, but for what runs containers: that changes when an administrator says so.

packages='apparmor ca-certificates chrony conntrack curl e2fsprogs ethtool fdisk iproute2 iptables kmod nftables openssl procps runc socat util-linux xfsprogs'
held=runc

# Those of them that are installed whole: NAME VERSION.
installed() {
  # shellcheck disable=SC2086
  dpkg-query --show --showformat '${db:Status-Abbrev} ${Package} ${Version}\n' $packages 2>/dev/null |
    sed -n 's/^[ihr]i  *//p'
}

packages_look() {
  there=$(installed || :)
  missing=''
  for package in $packages; do
    printf '%s\n' "$there" | grep -q "^$package " || missing="$missing $package"
  done
  if [ -n "$missing" ]; then to_do "missing:$missing"; return; fi
  for package in $held; do
    apt-mark showhold "$package" 2>/dev/null | grep -qx "$package" || { to_do "$package is not held at its version"; return; }
  done
  is_done 'all there' "$(printf '%s\n' "$there" | sed 's/ /=/' | paste -s -d ' ' - | fold -s -w 100)"
}

packages_do() {
  mend='see whether this PC reaches its Debian mirror: apt-get update'
  if [ -n "$missing" ]; then
    # Of an installation that a power cut ended.
    run_long dpkg --configure -a
    run_long env DEBIAN_FRONTEND=noninteractive apt-get --quiet --quiet update
    # shellcheck disable=SC2086
    run_long env DEBIAN_FRONTEND=noninteractive apt-get --quiet --yes --no-install-recommends \
      --option Dpkg::Options::=--force-confold install $missing
  fi
  # shellcheck disable=SC2086
  run apt-mark hold $held
}
