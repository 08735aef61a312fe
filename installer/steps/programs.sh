# shellcheck shell=sh
# Variables are those of install.sh, which reads this file.
# shellcheck disable=SC2034,SC2154
# What comes from the bundle, a folder with programs and their SHA256SUMS: containerd, Kubernetes and the plugins of the pod network, each
# of the version that the room has. Debian's own containerd is too old for this Kubernetes (docs/decisions/0024-installer.md).

# What a bundle must have.
bundled='bin/containerd bin/containerd-shim-runc-v2 bin/ctr bin/kubeadm bin/kubectl bin/kubelet
cni/bridge cni/host-local cni/loopback cni/portmap cni/ptp'
# What is here came from this bundle; kept, so that it can be looked at without the bundle.
sums_here=$(name_of path pc)/bundle/SHA256SUMS

# Where a file of the bundle lies on the PC.
place_of() {
  case $1 in
    bin/*) echo "/usr/local/$1" ;;
    cni/*) echo "/opt/cni/bin/${1#cni/}" ;;
  esac
}

sum_of() { sha256sum "$1" 2>/dev/null | cut -d ' ' -f 1; }
# The sum that a list has for a file of the bundle: sum_in LIST FILE
sum_in() { awk -v file="$2" '$2 == file || $2 == "*" file { print $1; exit }' "$1"; }

# A line of the list names a file below its folder, and nothing else.
a_name='[A-Za-z0-9_-][A-Za-z0-9._+~%-]*'
line_of_bundle="^[0-9a-f]{64} [ *](versions|(bin|cni|images|registry|room)/$a_name|packages/[0-9]+/$a_name|repository/($a_name/)*$a_name)\$"

# The first thing that is wrong with the bundle; nothing where it is whole.
fault_of_bundle() {
  [ -f "$1/SHA256SUMS" ] || { echo "$1 has no SHA256SUMS"; return; }
  for file in $bundled versions; do
    [ -n "$(sum_in "$1/SHA256SUMS" "$file")" ] || { echo "$1/SHA256SUMS does not name $file"; return; }
  done
  strange=$(grep -Ev "$line_of_bundle" "$1/SHA256SUMS" | head -n 1)
  if [ -n "$strange" ]; then echo "$1/SHA256SUMS has a line that names no file of a bundle: ${strange%% *}"; return; fi
  # In one go; what is wrong is looked for where something is.
  ! (cd "$1" && sha256sum --check --quiet --strict SHA256SUMS) >/dev/null 2>&1 || return 0
  while read -r sum file; do
    file=${file#\*}
    [ -f "$1/$file" ] || { echo "$1 lacks $file"; return; }
    has=$(sum_of "$1/$file")
    [ "$has" = "$sum" ] || { echo "$1/$file has the sum $has, and SHA256SUMS says $sum"; return; }
  done <"$1/SHA256SUMS"
}

# The same, once in a run: it reads all of it. Sets bundle_fault.
looked_at=''
look_at_bundle() {
  [ "$looked_at" = "$bundle" ] || bundle_fault=$(fault_of_bundle "$bundle")
  looked_at=$bundle
}

sums_of_programs() { grep -E '^.{64} [ *](bin|cni)/' "$bundle/SHA256SUMS"; }

# Programs that are not as the list has them.
programs_missing() {
  # shellcheck disable=SC2016
  for file in $bundled; do echo "$(place_of "$file") $file"; done |
    awk 'NR == FNR { sum[$2] = $1; next } { print ($2 in sum ? sum[$2] : sprintf("%064d", 0)) "  " $1 }' "$1" - |
    sha256sum --check --quiet 2>/dev/null | sed 's/: FAILED.*//; s/^/ /' | tr -d '\n'
}

programs_look() {
  if [ -z "$bundle" ]; then
    if [ ! -f "$sums_here" ]; then
      refused 'nothing says where the programs are' '--bundle DIR, a folder with bin/, cni/ and SHA256SUMS: docs/install.md'
      return
    fi
    missing=$(programs_missing "$sums_here")
    if [ -n "$missing" ]; then refused "these are not as they were laid:$missing" 'bring the bundle again: --bundle DIR'
    else is_done "all there, as they were laid"; fi
    return
  fi
  look_at_bundle
  if [ -n "$bundle_fault" ]; then refused "$bundle_fault" 'copy the bundle anew, and look at the disk or stick that it is on'; return; fi
  version=$(answer_in "$bundle/versions" kubernetes)
  wanted=$(answer kubernetes)
  if [ -n "$wanted" ] && [ "$wanted" != "$version" ]; then
    refused "the bundle has Kubernetes $version, and the room has $wanted" "take the bundle of $wanted"
    return
  fi
  missing=$(programs_missing "$bundle/SHA256SUMS")
  if [ -n "$missing" ]; then to_do "from $bundle, Kubernetes $version, not here yet:$missing"
  elif ! sums_of_programs | same_file "$sums_here" 0644; then to_do "the list of what is here is another one"
  else is_done "Kubernetes $version, as in $bundle"; fi
}

programs_do() {
  mend='see whether the disk of the system is full: df -h'
  [ -z "$missing" ] || restart_later
  for file in $bundled; do
    to=$(place_of "$file")
    sum=$(sum_in "$bundle/SHA256SUMS" "$file")
    [ "$(sum_of "$to")" != "$sum" ] || continue
    lay "$bundle/$file" "$to" 0755
    [ -z "$apply" ] || [ "$(sum_of "$to")" = "$sum" ] ||
      fail "$to is not what was read before from $bundle" 'the stick or disk of the bundle gives other bytes each time: take another'
  done
  sums_of_programs | put "$sums_here" 0644
}
