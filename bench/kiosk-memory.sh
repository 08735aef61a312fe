#!/bin/sh
# The first process of a Linux of its own (bench/kiosk-memory.ts), which has cgroups of version 2: the kiosk reads its program again and
# again, as a browser does that is used, while desktops take what memory they may, and read large files. Prints, for each reading, how many
# pages had been taken away since the last one.
# Usage, by the line of the kernel: ARM=none|slice|both
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs tmp /tmp
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
exec >/job/out 2>&1
groups=/sys/fs/cgroup
mount -t cgroup2 -o memory_recursiveprot none "$groups"
echo '+memory' >"$groups/cgroup.subtree_control"
mkdir "$groups/kiosk.slice" "$groups/kubepods.slice"
total=$(awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo)
# As the step and the kubelet write them, where 640 MiB are kept free.
desktops=$((total - 100))
case $ARM in slice | both) echo 640M >"$groups/kiosk.slice/memory.min" ;; esac
case $ARM in both) desktops=$((desktops - 640)) ;; esac
echo "${desktops}M" >"$groups/kubepods.slice/memory.max"
# Files stay open, as a program does that runs: hostfs forgets the others at once.
cat >/tmp/desktops <<'END'
my $held = chr(1) x ($ARGV[0] << 20);
my @films = map { open my $film, '<', "/film-$_"; $film } 1 .. 4;
while (1) {
  for my $film (@films) {
    for (1, 2) { seek $film, 0, 0; 1 while sysread $film, my $some, 1 << 20 }
  }
}
END
sh -c "echo \$\$ >$groups/kubepods.slice/cgroup.procs; exec perl /tmp/desktops $((total - 900))" &
echo $$ >"$groups/kiosk.slice/cgroup.procs"
exec 5</program
cat /program >/dev/null
for reading in 1 2 3 4 5 6 7 8 9 10; do
  sleep 8
  before=$(sed -n 's/^workingset_refault_file //p' "$groups/kiosk.slice/memory.stat")
  cat /program >/dev/null
  after=$(sed -n 's/^workingset_refault_file //p' "$groups/kiosk.slice/memory.stat")
  echo "reading $reading $((after - before))"
done
sync
echo o >/proc/sysrq-trigger
sleep 10
