# shellcheck shell=sh
# Variables are those of install.sh, which reads this file.
# shellcheck disable=SC2034,SC2154
# The brick: the part of a disk that Gluster is given. What is done about it is decided by disk-plan.awk, from what
# disk-facts.sh sees; here it is carried out. A partition is called deskfleet-making until its file system is whole, and
# deskfleet-brick from then on: so a power cut leaves nothing that could be taken for either.

brick_unit=var-lib-deskfleet-brick.mount
# Bytes; below that the room gains nothing from it.
least_brick=8000000000

disk_plan() {
  case $brick in
    none | free) choice=$brick ;;
    '') choice='' ;;
    *) choice=disk ;;
  esac
  disk_facts >"$run_folder/facts"
  awk -v choice="$choice" -v disk="$chosen_disk" -v confirm="$confirm" -v wipe="$wipe" -v wipe_brick="$wipe_brick" \
    -v me="$pc_name" -v least="$least_brick" -f "$here/steps/disk-plan.awk" "$run_folder/facts"
}

# An administrator's own LVM or RAID, for example: nothing is done about it.
plan_of_mounted() {
  kind=$(findmnt --noheadings --output FSTYPE --mountpoint "$brick_mount" 2>/dev/null) || kind=''
  case $kind in
    xfs) echo mounted ;;
    '') echo "refuse nothing is mounted at $brick_mount | mount it there, with a line in /etc/fstab" ;;
    *) echo "refuse what is mounted at $brick_mount is $kind | Gluster wants XFS there" ;;
  esac
}

disk_look() {
  chosen_disk=''
  case $brick in
    none | free | mounted | '') ;;
    *) if [ -b "$brick" ]; then chosen_disk=$(basename "$(readlink -f "$brick")"); else chosen_disk=missing; fi ;;
  esac
  if [ "$brick" = mounted ]; then plan=$(plan_of_mounted); else plan=$(disk_plan); fi
  part=${plan#* }
  case $plan in
    mounted) is_done "what you have mounted at $brick_mount" ;;
    none) is_done 'no brick, as you said: this PC keeps no files of others' ;;
    'done '*)
      if brick_unit_fits "$part" || mounted_by_fstab; then
        is_done "$part is the brick, $(bytes_said "$part"), at $brick_mount"
      else
        to_do "$part is mounted as the brick, and would not be after the next boot"
      fi
      ;;
    'keep '*) to_do "$part is a brick with its file system: it is mounted, and what is on it stays" ;;
    'finish '*) to_do "$part was begun: its file system is made (again)" ;;
    'empty '*) to_do "$part is a brick: ALL FILES ON IT GO, as --wipe-brick says" ;;
    'table '*) to_do "$part, $(bytes_said "$part"), is empty: all of it becomes the brick" ;;
    'erase '*) to_do "$part, $(bytes_said "$part"): ALL THAT IS ON IT GOES, as --wipe says" ;;
    'append '*) to_do "what is free on $part, $(free_said "$part"), becomes the brick" ;;
    'choose | '*)
      refused 'nothing says what shall be the brick' "${plan#choose | }"
      more=$(list_disks)
      ;;
    'refuse '*) why=${plan#refuse }; refused "${why% | *}" "${why##* | }" ;;
  esac
}

gigabytes() { awk -v bytes="$1" 'BEGIN { printf "%.1f GB", bytes / 1e9 }'; }
bytes_said() { gigabytes "$(bytes_of "$1")"; }
free_said() { gigabytes "$(awk -v disk="$1" '$1 == "free" && $2 == disk { print $3 }' "$run_folder/facts")"; }

# What there is to choose from, with what each choice would be called.
list_disks() {
  awk '$1 == "disk" { printf "%s %s %s\n", $2, $3, $4 }' "$run_folder/facts" | while read -r each bytes serial; do
    link=$(find /dev/disk/by-id -lname "*/$each" 2>/dev/null | sort | head -n 1)
    tell "${link:-/dev/$each}, $(gigabytes "$bytes"), serial $serial$(awk -v disk="$each" \
      '$1 == "use" && $3 == disk && $4 == "root" { print ": the disk of this system"; exit }' "$run_folder/facts")"
  done
}

disk_do() {
  mend='look at the disk by lsblk and dmesg, then run this again: it goes on where it stopped'
  case $plan in
    none | mounted | refuse* | choose*) return 0 ;;
    'erase '*) erase_disk "$part"; make_table "$part" ;;
    'table '*) make_table "$part" ;;
    'append '*) append_part "$part" ;;
    'empty '*)
      if [ -e "/sys/class/block/$part/partition" ]; then
        name_part "$part" deskfleet-making
        make_file_system "$part"
      else
        erase_disk "$part"
        make_table "$part"
      fi
      ;;
    'finish '*) make_file_system "$part" ;;
  esac
  mount_brick "$part"
}

# Marks on partitions first: as long as the table is there, it is still called what --wipe says.
erase_disk() {
  for each in $(partitions_of "$1"); do run wipefs --all --quiet "/dev/$each"; done
  # Nobody uses them: the plan made sure of that.
  [ -z "$(partitions_of "$1")" ] || run partx --delete "/dev/$1"
  run wipefs --all --quiet "/dev/$1"
}

make_table() {
  run_with_input "$(printf 'label: gpt\nname=deskfleet-making')" \
    sfdisk --quiet --no-tell-kernel --wipe always --wipe-partitions always "/dev/$1"
  run partx --update "/dev/$1"
  made_on "$1"
}

# The system runs from that disk: the kernel is told of the new partition alone.
append_part() {
  start=$(awk -v disk="$1" '$1 == "free" && $2 == disk { print $4 }' "$run_folder/facts")
  run_with_input "start=$start, name=deskfleet-making" sfdisk --quiet --append --no-reread --no-tell-kernel "/dev/$1"
  run partx --update "/dev/$1"
  made_on "$1"
}

# Goes on with the partition that was just made; its name is known once it is there.
made_on() {
  run udevadm settle
  if [ -n "$apply" ]; then
    part=$(disk_facts | awk -v disk="$1" '$1 == "part" && $3 == disk && $6 == "deskfleet-making" { print $2; exit }')
    [ -n "$part" ] || fail "the new partition of $1 does not show" 'run: partprobe; or boot this PC, and run this again'
  else
    # As it will be called.
    number=1
    for each in $(partitions_of "$1"); do number=$(($(cat "/sys/class/block/$each/partition") + 1)); done
    case $plan in append*) ;; *) number=1 ;; esac
    case $1 in *[0-9]) part=$1p$number ;; *) part=$1$number ;; esac
  fi
  make_file_system "$part"
}

make_file_system() {
  run_long mkfs.xfs -q -f -i size=512 -L deskfleet "/dev/$1"
  run sync "/dev/$1"
  name_part "$1" deskfleet-brick
}

# A partition's name in the table; the system may run from the same disk.
name_part() {
  number=${1##*[!0-9]} on=${1%"${1##*[!0-9]}"}
  case $on in *[0-9]p) on=${on%p} ;; esac
  run sfdisk --quiet --no-reread --no-tell-kernel --part-label "/dev/$on" "$number" "$2"
  run udevadm settle
}

# A unit and no line of /etc/fstab: the file is ours, so it is replaced whole, and a dead disk keeps no PC from booting.
brick_unit_text() {
  cat <<END
[Unit]
Description=The brick of this PC: its part of the room's storage
Before=kubelet.service

[Mount]
What=/dev/disk/by-uuid/$1
Where=$brick_mount
Type=xfs
Options=noatime,nodev,nosuid

[Install]
WantedBy=multi-user.target
END
}

brick_unit_fits() {
  brick_unit_text "$(probed "/dev/$1" UUID)" | same_file "/etc/systemd/system/$brick_unit" 0644 && is_enabled "$brick_unit"
}

# As docs/gluster.md says how it is made by hand.
mounted_by_fstab() {
  [ ! -e "/etc/systemd/system/$brick_unit" ] &&
    awk -v at="$brick_mount" '$2 == at && !/^#/ { found = 1 } END { exit !found }' /etc/fstab 2>/dev/null
}

mount_brick() {
  uuid='<the UUID of its file system>'
  [ ! -b "/dev/$1" ] || uuid=$(probed "/dev/$1" UUID)
  brick_unit_text "${uuid:-<the UUID of its file system>}" | put "/etc/systemd/system/$brick_unit" 0644
  run systemctl daemon-reload
  run systemctl enable --now "$brick_unit"
}
