# From what is on the disks of a PC to what is done for its brick. Text in, text out; nothing is looked at and nothing done.
#
# Facts, one a line, words that are not known are `-`:
#   disk NAME BYTES SERIAL TABLE CONTENT IDENTITY   TABLE: gpt, dos or -; CONTENT: a file system without a table, or -;
#                                                   IDENTITY: what names all that is on it, for `--wipe`
#   part NAME DISK BYTES CONTENT NAME-IN-TABLE
#   use NAME DISK HOW WHERE                         HOW: root, mounted, swap, held, brick (mounted as the brick of this PC)
#   brick NAME DISK STATE PC                        STATE: empty, data (it has files, or says whose it is), damaged
#   free DISK BYTES SECTOR                          the largest piece that no partition has, and where it begins
# Wishes (-v): choice (disk, free, none or empty), disk (NAME, or `missing`), confirm, wipe, wipe_brick, me (this PC), least (bytes)
#
# The plan, one line:
#   done NAME | none | keep NAME | finish NAME | empty NAME | table DISK | erase DISK | append DISK | refuse WHY | MEND
# `choose | MEND` where somebody has to say what shall be the brick.

function decide(line) { if (!decided) { decided = 1; print line } }
function refuse(why, mend) { decide("refuse " why " | " mend) }
function size(bytes) { return sprintf("%.1f GB", bytes / 1000000000) }

$1 == "disk" { disks[++disk_count] = $2; bytes[$2] = $3; serial[$2] = $4; table[$2] = $5; content[$2] = $6; identity[$2] = $7 }
$1 == "part" { parts[++part_count] = $2; of[$2] = $3; bytes[$2] = $4; content[$2] = $5; label[$2] = $6; has[$3]++ }
$1 == "use"  { uses[++use_count] = $2; used_on[use_count] = $3; how[use_count] = $4; where[use_count] = $5
               if ($4 == "root") root_disk = $3
               if ($4 == "brick") { mounted = $2; mounted_on = $3 } }
$1 == "brick" { bricks[++brick_count] = $2; brick_on[$2] = $3; state[$2] = $4; pc[$2] = $5 }
$1 == "free" { free[$2] = $3 }

# What is done with a brick that is there: kept, unless it is told apart by its disk's serial to be emptied.
function with_brick(name,   on) {
  on = brick_on[name]
  if (wipe_brick != "" && wipe_brick == serial[on]) { decide("empty " name); return }
  if (wipe_brick != "") { refuse("the serial of " on " is " serial[on] ", and --wipe-brick says " wipe_brick, "give the serial of the disk whose brick shall be emptied"); return }
  if (state[name] == "damaged") { refuse(name " is a brick, and cannot be read", "look at it by xfs_repair -n /dev/" name ", or give it up: --wipe-brick " serial[on]); return }
  if (state[name] == "data" && pc[name] == "-") { refuse(name " holds files of a Gluster volume, and does not say of which PC", "give them up: --wipe-brick " serial[on]); return }
  if (state[name] == "data" && pc[name] == "?") { refuse(name " is a copy of another brick", "give it up: --wipe-brick " serial[on]); return }
  if (state[name] == "data" && pc[name] != me) { refuse(name " is the brick of " pc[name] ", and this PC is called " me, "call it " pc[name] " (--name), so that its files are kept; or give them up: --wipe-brick " serial[on]); return }
  decide("keep " name)
}

function unfinished_on(wanted,   i) {
  for (i = 1; i <= part_count; i++) if (label[parts[i]] == "deskfleet-making" && (wanted == "" || of[parts[i]] == wanted)) return parts[i]
  return ""
}
function brick_of(wanted,   i) {
  for (i = 1; i <= brick_count; i++) if (brick_on[bricks[i]] == wanted) return bricks[i]
  return ""
}
function bricks_elsewhere(wanted,   i, found) {
  for (i = 1; i <= brick_count; i++) if (brick_on[bricks[i]] != wanted) found = bricks[i]
  return found
}

# Of a brick that was begun or is there, on that disk.
function begun_on(wanted) {
  if (brick_of(wanted) != "") { with_brick(brick_of(wanted)); return 1 }
  if (unfinished_on(wanted) != "") { decide("finish " unfinished_on(wanted)); return 1 }
  return 0
}

function whole_disk(   i, what) {
  if (disk == "missing" || !(disk in bytes)) { refuse("there is no such disk", "take a name of ls -l /dev/disk/by-id"); return }
  if (disk in of) { refuse(disk " is a partition", "name the whole disk, " of[disk]); return }
  if (disk == root_disk) { refuse(disk " is the disk of this system", "take what is free on it: --free-space; or name another disk"); return }
  for (i = 1; i <= use_count; i++) {
    if (used_on[i] != disk) continue
    if (how[i] == "mounted" || how[i] == "brick") { refuse(uses[i] " is mounted at " where[i], "if it is not needed there: umount " where[i] ", and take it out of /etc/fstab"); return }
    if (how[i] == "swap") { refuse(uses[i] " is swap", "swapoff /dev/" uses[i] ", and take it out of /etc/fstab"); return }
    refuse(uses[i] " is a part of " where[i] " (LVM, RAID or encryption)", "take that apart first, or name another disk"); return
  }
  if (serial[disk] == "-") { refuse(disk " has no serial, so nobody can say that it is the right one", "take another disk, or make the brick by hand: docs/gluster.md"); return }
  if (confirm == "") { refuse("nothing says that " disk " is the right disk", "look at the label on it, and add: --confirm " serial[disk]); return }
  if (confirm != serial[disk]) { refuse("the serial of " disk " is " serial[disk] ", and --confirm says " confirm, "look at the label of the disk that you mean"); return }
  if (bricks_elsewhere(disk) != "") { refuse("this PC has a brick on " bricks_elsewhere(disk) " already", "one for each PC: leave --disk out, and it is taken again"); return }
  if (begun_on(disk)) return
  if (wipe_brick != "") { refuse(disk " has no brick", "leave --wipe-brick out"); return }
  if (bytes[disk] < least) { refuse(disk " has " size(bytes[disk]) ", and a brick wants " size(least), "take a larger disk, or --no-brick"); return }
  if (content[disk] == "-" && !has[disk]) { decide("table " disk); return }
  if (wipe == identity[disk]) { decide("erase " disk); return }
  what = content[disk] == "-" ? "a partition table (" table[disk] ") with " has[disk] (has[disk] == 1 ? " partition" : " partitions") : content[disk]
  for (i = 1; i <= part_count; i++) if (of[parts[i]] == disk) what = what ", " parts[i] " " size(bytes[parts[i]]) " " content[parts[i]]
  if (wipe != "") { refuse("--wipe says " wipe ", and what is on " disk " is " identity[disk] ": " what, "if it may go: --wipe " identity[disk]); return }
  refuse(disk " has something on it: " what, "if it may go, all of it and for ever: --wipe " identity[disk])
}

function free_space() {
  if (root_disk == "") { refuse("the disk of this system is not found, so nobody knows what is free on it", "give the PC a second disk: --disk; or --no-brick"); return }
  if (bricks_elsewhere(root_disk) != "") { with_brick(bricks_elsewhere(root_disk)); return }
  if (begun_on(root_disk)) return
  if (table[root_disk] != "gpt") { refuse("the partition table of " root_disk " is " table[root_disk] ", and bricks are made in GPT", "install Debian with UEFI or GPT, take a second disk, or --no-brick"); return }
  if (free[root_disk] + 0 < least) { refuse("the largest free piece of " root_disk " has " size(free[root_disk]) ", and a brick wants " size(least), "install Debian with a smaller partition, take a second disk, or --no-brick"); return }
  decide("append " root_disk)
}

# Nobody said anything: what is there is taken again, and nothing is made.
function nothing_said() {
  if (brick_count == 1) { with_brick(bricks[1]); return }
  if (brick_count > 1) { refuse("there are bricks on " bricks[1] " and " bricks[2], "say which: --disk"); return }
  if (unfinished_on("") != "") { decide("finish " unfinished_on("")); return }
  decide("choose | --disk /dev/disk/by-id/NAME --confirm SERIAL, --free-space, or --no-brick")
}

END {
  if (mounted != "") {
    if (choice == "none") refuse("this PC has a brick, at " mounted, "leave --no-brick out; how its files leave the PC: npx deskfleet storage retire " me)
    if (wipe_brick != "" && !(wipe_brick == serial[mounted_on] && state[mounted] == "empty")) refuse(mounted " is in use as the brick of this PC", "npx deskfleet storage retire " me ", then install.sh leave, then this again")
    if (choice == "disk" && disk != mounted_on) refuse("this PC has a brick on " mounted_on " already", "one for each PC: leave --disk out")
    if (pc[mounted] != "-" && pc[mounted] != "" && pc[mounted] != me) refuse(mounted " is the brick of " pc[mounted] ", and this PC is called " me, "call it " pc[mounted] " (--name)")
    decide("done " mounted)
  }
  else if (choice == "none") decide("none")
  else if (choice == "disk") whole_disk()
  else if (choice == "free") free_space()
  else nothing_said()
}
