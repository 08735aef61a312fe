#!/bin/sh
# Goes before a real program on a blank PC for tests: runs it, and counts. At the number that /run/cut names, power fails: all
# processes of the PC end at once, without a word.
name=${0##*/}
for folder in /usr/local/stand-ins /usr/sbin /usr/bin /usr/local/bin; do
  [ ! -x "$folder/$name" ] || break
done
"$folder/$name" "$@"
code=$?
case $name:$* in systemctl:is-* | sfdisk:*--list-free*) exit "$code" ;; esac
if [ -e /run/cut ]; then
  read -r left </run/cut
  left=$((left - 1))
  echo "$left" >/run/cut
  if [ "$left" -le 0 ]; then
    echo "$name $*" >/var/log/cut-after
    kill -KILL -1
    kill -KILL $$
  fi
fi
exit "$code"
