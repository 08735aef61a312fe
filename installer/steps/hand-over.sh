# shellcheck shell=sh
# Variables are those of install.sh, which reads this file.
# shellcheck disable=SC2034,SC2154
# The room is handed over to whoever looks after it: the first administrator, the answer file by which the other PCs join, and a page to
# print and lock away.

page=/root/deskfleet-room.txt
join_answers=/root/deskfleet-join.yaml
room_settings=/etc/deskfleet/cluster.yaml
first_password=/root/.deskfleet-first-password
# By this script, and by nobody before.
administrator_made=$(name_of path pc)/administrator

first_administrator() {
  found=$(answer administrator)
  echo "${found:-administrator}"
}

# Whoever has printed the page removes it.
hand_over_look() {
  registry=$(answer registry)
  # A password that is still kept may stand on no page.
  if is_handed_over && [ "$cluster_verdict" = 'done' ] && [ ! -e "$first_password" ]; then
    if [ -s "$page" ]; then is_done "what to print and lock away is in $page"; else is_done 'the room is handed over'; fi
  else to_do "the first administrator, $(first_administrator), and what to print and lock away"; fi
}

hand_over_do() {
  mend='deskfleet people list says whether LDAP answers; then run this again'
  who=$(first_administrator)
  lay "$repository/cluster.yaml" "$room_settings" 0644
  tell "       makes $who an administrator, unless there is one of that name"
  if [ -n "$apply" ]; then
    # Kept until it stands on the page: what is cut off in between has told it to nobody.
    [ -s "$first_password" ] || new_password | cut -c 1-20 | put "$first_password" 0600 secret
    add_administrator || fail "$who was not made: $(tail -n 3 "$run_folder/log")" "$mend"
  fi
  [ ! -f "$join_answers" ] || take_away "$join_answers"
  run_long deskfleet node-config "$join_answers" --config "$room_settings"
  if [ -n "$apply" ]; then
    chmod 0600 "$join_answers"
    told_to_all >>"$join_answers"
    admin=$(login_of admin)
    push=$(login_of push)
    page_text >"$run_folder/page"
    put "$page" 0600 secret <"$run_folder/page"
    kept_here | put "$saved_answers" 0600 secret
  else
    tell "       writes $page and $saved_answers (0600), which are not shown"
  fi
  take_away "$first_password"
  # From now on this PC is looked after by what it keeps.
  [ -z "$apply" ] || { answers=$saved_answers has_answers=yes; }
}

add_administrator() {
  password=$(cat "$first_password")
  if deskfleet people show "$who" >"$run_folder/log" 2>&1; then
    [ -e "$administrator_made" ] || password='as it was chosen before; a new one: deskfleet people passwd'
    return 0
  fi
  mark "$administrator_made" >/dev/null
  deskfleet people add "$who" --name Administrator --groups administrators --password-stdin <"$first_password" >"$run_folder/log" 2>&1
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
  echo "administrator: $(first_administrator)"
  sed '/^name:/d; /^token:/d; /^brick:/d; /^#/d' "$join_answers"
}

page_text() {
  cat <<END
The room at https://$(answer door)
Written by install.sh on $pc_name, $(date --utc '+%Y-%m-%d %H:%M UTC'). Print it, lock it away, and remove this file.

People log in at      https://$(answer door)     (its name must lead to $(address_of_room | sed 's#/.*##'): docs/door.md)
First administrator   $who
  password            $password
Trust on other machines:  kubectl -n deskfleet-system get configmap door-root -o jsonpath='{.data.ca\\.crt}'

Kubernetes            $admin_conf on each master: whoever has it may do everything
Commands              deskfleet --help, on each master
Other PCs             $join_answers lets PCs in as workers for 24 hours; later, on $pc_name: deskfleet node-config FILE --config $room_settings

The room's Git        https://${registry%:*}/deskfleet.git
  to read and write   $admin
The room's registry   https://$registry
  to write            $push

What else nobody can make again: the private key of the copies of etcd (masters.copies.recipients; docs/recover.md), and that of the
copies of the directory (ldap.copies; docs/copies.md). They are where you made them, and in no PC of this room.
END
}
