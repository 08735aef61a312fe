# shellcheck shell=sh
# Variables are those of install.sh, which reads this file.
# shellcheck disable=SC2034,SC2154
# What is on the disks of this PC, as disk-plan.awk reads it. Changes nothing: a file system that may be a brick is mounted for
# reading alone, without its journal, where nobody else sees it.

brick_mount=$(name_of path brick)
brick_identity=.deskfleet-brick.json

# What Gluster's agent wrote at the top of a brick: whose it is (storage/gluster/pc/brick.ts). Words of a small JSON file.
identity_word() { sed -n "s/.*\"$1\" *: *\"\([^\"]*\)\".*/\1/p" "$2" | head -n 1; }

word() { if [ -n "$1" ]; then printf '%s' "$1" | tr -s ' \t|' '___'; else printf -- -; fi; }

# What is written on a device, past all caches: probed DEVICE NAME
probed() { blkid --probe --match-tag "$2" --output value "$1" 2>/dev/null || true; }

# A file system or other mark; `several` where marks contradict each other.
content_of() {
  code=0
  found=$(blkid --probe --match-tag TYPE --output value "$1" 2>/dev/null) || code=$?
  if [ "$code" -eq 8 ]; then echo several; else word "$found"; fi
}

# What names all that is on a disk: its table's own number, or that of the file system without a table, or its kind.
disk_identity() {
  for tag in PTUUID UUID TYPE; do
    found=$(probed "$1" "$tag")
    [ -z "$found" ] || { word "$found"; return; }
  done
  content_of "$1"
}

# Disks, not what is made of them. An attached image counts where it is named, or has partitions.
is_disk() {
  [ -b "/dev/$1" ] || return 1
  case $1 in
    ram* | zram* | sr* | fd* | dm-* | md* | nbd*) return 1 ;;
    loop*) [ "$1" = "$chosen_disk" ] || [ -n "$(partitions_of "$1")" ] ;;
  esac
}

partitions_of() {
  for entry in "/sys/block/$1/$1"*; do
    [ -e "$entry/partition" ] && [ -b "/dev/${entry##*/}" ] && echo "${entry##*/}"
  done
  return 0
}

bytes_of() { echo $(($(cat "/sys/class/block/$1/size") * 512)); }

# Device numbers tell what is mounted: names in the list of mounts may be of a device that is gone.
uses_of() {
  number=$(cat "/sys/class/block/$1/dev")
  findmnt --kernel --noheadings --raw --output MAJ:MIN,TARGET | while read -r at target; do
    [ "$at" = "$number" ] || continue
    case $target in
      /) echo "use $1 $2 root /" ;;
      "$brick_mount") echo "use $1 $2 brick $target" ;;
      *) echo "use $1 $2 mounted $target" ;;
    esac
  done
  if grep -q "^/dev/$1 " /proc/swaps; then echo "use $1 $2 swap -"; fi
  for holder in "/sys/class/block/$1/holders/"*; do
    [ ! -e "$holder" ] || echo "use $1 $2 held ${holder##*/}"
  done
}

# Where the root is on LVM, RAID or encryption, the disk is below.
root_below() {
  source=$(findmnt --noheadings --nofsroot --output SOURCE /) || return 0
  case $source in /dev/mapper/* | /dev/dm-* | /dev/md*) ;; *) return 0 ;; esac
  lsblk --noheadings --raw --inverse --output KNAME,TYPE "$source" | while read -r below kind; do
    [ "$kind" != disk ] || echo "use $below $below root /"
  done
}

# What an XFS file system has of a brick; nothing where it has nothing and is not named as one: brick_of DEVICE DISK TABLE_NAME
brick_of() {
  device=/dev/$1
  if findmnt --kernel --noheadings --output MAJ:MIN --mountpoint "$brick_mount" | grep -qF "$(cat "/sys/class/block/$1/dev")"; then
    inside=$(look_inside "$brick_mount")
  else
    # In a namespace of its own: it goes with the process, whatever ends that.
    # shellcheck disable=SC2016
    inside=$(unshare --mount --propagation private sh -c '
      here=$3
      mkdir -p "$2" && mount -t tmpfs look "$2" && mkdir "$2/at" &&
        mount -t xfs -o ro,norecovery,nouuid "$1" "$2/at" && . "$3/doing.sh" && . "$3/steps/disk-facts.sh" && look_inside "$2/at"
    ' look "$device" "$run_folder/look" "$here" 2>/dev/null) || inside=damaged
  fi
  case $inside in
    damaged) [ "$3" != deskfleet-brick ] || echo "brick $1 $2 damaged -" ;;
    empty) [ "$3" != deskfleet-brick ] || echo "brick $1 $2 empty -" ;;
    'files of Gluster') echo "brick $1 $2 data -" ;;
    *)
      owner=${inside%% *}
      [ "${inside#* }" = "$(probed "$device" UUID)" ] || owner='?'
      echo "brick $1 $2 data $owner"
      ;;
  esac
}

# `PC FILE_SYSTEM` of the identity; or `files of Gluster` without one, or `empty`.
look_inside() {
  if [ -e "$1/$brick_identity" ]; then
    owner=$(identity_word node "$1/$brick_identity")
    echo "$(word "$owner") $(identity_word fileSystem "$1/$brick_identity")"
  elif [ -e "$1/.glusterfs" ] || [ -e "$1/data/.glusterfs" ]; then
    echo 'files of Gluster'
  else
    echo empty
  fi
}

# The largest piece without a partition: its bytes, and the sector that it begins at, at a whole MiB.
free_of() {
  has_program sfdisk || return 0
  sfdisk --quiet --list-free --bytes "/dev/$1" 2>/dev/null | awk '
    NR > 1 && $4 > most { most = $4; start = int(($1 + 2047) / 2048) * 2048 }
    END { if (most) printf "%d %d", most, start }'
}

disk_facts() {
  for entry in /sys/block/*; do
    name=${entry##*/}
    is_disk "$name" || continue
    serial=$(lsblk --nodeps --noheadings --output SERIAL "/dev/$name" 2>/dev/null | tr -d ' ')
    echo "disk $name $(bytes_of "$name") $(word "$serial") $(word "$(probed "/dev/$name" PTTYPE)") $(content_of "/dev/$name") $(disk_identity "/dev/$name")"
    uses_of "$name" "$name"
    # A file system on the whole disk, as somebody may have made it by hand.
    [ "$(content_of "/dev/$name")" != xfs ] || brick_of "$name" "$name" -
    for part in $(partitions_of "$name"); do
      kind=$(content_of "/dev/$part")
      called=$(word "$(probed "/dev/$part" PART_ENTRY_NAME)")
      echo "part $part $name $(bytes_of "$part") $kind $called"
      uses_of "$part" "$name"
      case $called:$kind in
        deskfleet-making:*) ;;
        deskfleet-brick:* | *:xfs) brick_of "$part" "$name" "$called" ;;
      esac
    done
    free=$(free_of "$name")
    [ -z "$free" ] || echo "free $name $free"
  done
  root_below
}
