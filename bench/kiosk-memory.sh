#!/bin/sh
# The first process of a Linux of its own (bench/kiosk-memory.ts), which has cgroups of version 2: the kiosk reads its program again and
# again, as a browser does that is used, while desktops take what memory they may, and read large files. Prints, for each of ten
# readings, how many ms it took, and how many pages had been taken away since the last one.
# Usage, by the line of the kernel: ARM=with|without
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
case $ARM in
  # As the step and the kubelet write them, for a PC that has 640 MiB less for desktops.
  with)
    echo 640M >"$groups/kiosk.slice/memory.min"
    echo "$((total - 640 - 100))M" >"$groups/kubepods.slice/memory.max"
    ;;
  without) echo "$((total - 100))M" >"$groups/kubepods.slice/memory.max" ;;
esac
sh -c "echo \$\$ >$groups/kubepods.slice/cgroup.procs
  exec perl -e '\$held = chr(1) x (\$ARGV[0] << 20); while (1) { for (glob \"/film-*\") { open \$f, \"<\", \$_; 1 while sysread \$f, \$x, 1 << 20 } }' $((total - 900))" &
echo $$ >"$groups/kiosk.slice/cgroup.procs"
cat /program >/dev/null
for _ in 1 2 3 4 5 6 7 8 9 10; do
  sleep 2
  before=$(sed -n 's/^workingset_refault_file //p' "$groups/kiosk.slice/memory.stat")
  from=$(cut -d ' ' -f 1 /proc/uptime)
  cat /program >/dev/null
  to=$(cut -d ' ' -f 1 /proc/uptime)
  after=$(sed -n 's/^workingset_refault_file //p' "$groups/kiosk.slice/memory.stat")
  echo "reading $from $to $((after - before))"
done
echo "total $total"
sync
echo o >/proc/sysrq-trigger
sleep 10
