# shellcheck shell=sh
# Variables are those of install.sh, which reads this file.
# shellcheck disable=SC2034,SC2154
# The room is handed over to whoever looks after it: the first administrator, the answer file by which the other PCs join, and a page to
# print and lock away.

page=/root/deskfleet-room.txt
join_answers=/root/deskfleet-join.yaml
room_settings=/etc/deskfleet/cluster.yaml

first_administrator() {
  found=$(answer administrator)
  echo "${found:-administrator}"
}

hand_over_look() {
  if [ -f "$page" ] && [ -n "$(answer_in "$saved_answers" registry-login 2>/dev/null)" ] && [ "$cluster_verdict" = 'done' ]; then
    is_done "what to print and lock away is in $page"
  else to_do "the first administrator, $(first_administrator), and what to print and lock away"; fi
}

hand_over_do() {
  mend='deskfleet people list says whether LDAP answers; then run this again'
  who=$(first_administrator)
  lay "$repository/cluster.yaml" "$room_settings" 0644
  tell "       makes $who an administrator, unless there is one of that name"
  if [ -n "$apply" ]; then
    password=$(new_password | cut -c 1-20)
    add_administrator || fail "$who was not made: $(tail -n 3 "$run_folder/log")" "$mend"
  fi
  [ ! -f "$join_answers" ] || take_away "$join_answers"
  run_long deskfleet node-config "$join_answers" --config "$room_settings"
  if [ -n "$apply" ]; then
    chmod 0600 "$join_answers"
    told_to_all >>"$join_answers"
    kept_here | put "$saved_answers" 0600 secret
  fi
  page_text | put "$page" 0600 secret
  # From now on this PC is looked after by what it keeps.
  [ -z "$apply" ] || { answers=$saved_answers has_answers=yes; }
}

add_administrator() {
  if deskfleet people show "$who" >"$run_folder/log" 2>&1; then
    password='as it was chosen before; a new one: deskfleet people passwd'
    return 0
  fi
  printf '%s\n' "$password" | deskfleet people add "$who" --name Administrator --groups administrators --password-stdin >"$run_folder/log" 2>&1
}

# What the other PCs are told as well, since this one was.
told_to_all() {
  for key in time-servers kiosk-idle ignore-preflight; do
    [ -z "$(answer "$key")" ] || echo "$key: $(answer "$key")"
  done
}

kept_here() {
  echo "name: $pc_name"
  case $brick in none | mounted) echo "brick: $brick" ;; esac
  [ -z "$kiosk" ] || echo "kiosk: $kiosk"
  echo "door-address: $(address_of_room)"
  sed '/^name:/d; /^token:/d; /^brick:/d; /^#/d' "$join_answers"
}

page_text() {
  cat <<END
The room at https://$(answer door)
Written by install.sh on $pc_name, $(date --utc '+%Y-%m-%d %H:%M UTC'). Print it, lock it away, and remove this file.

People log in at      https://$(answer door)     (its name must lead to $(address_of_room | sed 's#/.*##'): docs/door.md)
First administrator   $who
  password            ${password:-}
Trust on other machines:  kubectl -n deskfleet-system get configmap door-root -o jsonpath='{.data.ca\\.crt}'

Kubernetes            $admin_conf on each master: whoever has it may do everything
Commands              deskfleet --help, on each master
Other PCs             $join_answers lets PCs in as workers for 24 hours; later: deskfleet node-config FILE --config $room_settings

The room's Git        https://${registry%:*}/deskfleet.git
  to read and write   $(secret_value "$sources_namespace" sources-logins admin)
The room's registry   https://$registry
  to write            $(secret_value "$sources_namespace" sources-logins push)

What else nobody can make again: the private key of the copies of etcd (masters.copies.recipients; docs/recover.md), and that of the
copies of the directory (ldap.copies; docs/copies.md). They are where you made them, and in no PC of this room.
END
}
