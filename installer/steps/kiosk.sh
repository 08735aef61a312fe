# shellcheck shell=sh
# Variables are those of install.sh, which reads this file.
# shellcheck disable=SC2034,SC2154
# The PC's own screen: it shows the room's login, full screen, and nothing else (docs/install.md, docs/decisions/0026-kiosk.md).

kiosk_folder=$here/kiosk
kiosk_unit=deskfleet-kiosk.service
kiosk_packages='acpid alsa-utils brightnessctl cage chromium chromium-l10n fonts-dejavu-core kbd libgl1-mesa-dri seatd swayidle wlr-randr'
kiosk_memory_file=/etc/systemd/system/kiosk.slice.d/memory.conf
kubelet_reserve=/etc/deskfleet/kubelet.d/kiosk.conf
keyboard_file=/etc/default/keyboard
# Laid, and not in use yet; a boot does that.
kiosk_mark=/run/deskfleet-kiosk-restart

screen_is_attached() { grep -qx connected /sys/class/drm/card*-*/status 2>/dev/null; }
# Said at the boot menu: then it does not run, and need not.
is_off_for_this_boot() { grep -qw 'deskfleet.kiosk=off' /proc/cmdline; }
kiosk_is_there() { [ -e "/etc/systemd/system/$kiosk_unit" ]; }

# What is done about the screen: judge_kiosk WANTED SCREEN THERE DOOR
#   WANTED: auto, yes, no   SCREEN: yes where one is attached   THERE: yes where it is set up   DOOR: yes where the room's name is known
# One line: on | keep | off | none WHY | refuse WHY | MEND. A screen that is switched off looks like none: what is there stays.
judge_kiosk() {
  case $1:$2:$3:$4 in
    no:*:yes:*) echo off ;;
    no:*) echo 'none it is not wanted' ;;
    *:*:yes:yes | yes:*:yes | auto:yes:*:yes) echo on ;;
    *:*:yes:no) echo keep ;;
    yes:*:no) echo "refuse nothing says what the room is called | name its door in the answer file: door: desk.… , or make one anew by \"npx deskfleet node-config FILE\"" ;;
    auto:no:*) echo 'none no screen is attached' ;;
    *) echo 'none the answer file names no door' ;;
  esac
}

# MiB that stay free for the screen, of a PC with so many: kiosk_memory MIB. Chromium with a desktop in it takes some 500.
kiosk_memory() { if [ "$1" -lt 3500 ]; then echo 640; else echo 1024; fi; }
# Never taken from it, and where it ends: a page that eats memory takes none of the desktops'.
slice_text() {
  cat <<END
[Slice]
MemoryMin=$(kiosk_memory "$1")M
MemoryMax=$(($(kiosk_memory "$1") * 3 / 2))M
END
}
# What the kubelet does not give to desktops.
reserve_text() {
  cat <<END
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
systemReserved:
  cpu: 500m
  memory: $(kiosk_memory "$1")Mi
END
}

# de or ch(fr), as cluster.yaml has it.
keyboard_text() {
  layout=${1%%\(*} variant=''
  case $1 in *'('*) variant=${1#*\(} variant=${variant%)} ;; esac
  cat <<END
XKBMODEL="pc105"
XKBLAYOUT="$layout"
XKBVARIANT="$variant"
XKBOPTIONS=""
BACKSPACE="guess"
END
}

# Certificates out of a file with several, each as Chromium's policy wants it: one line of base64.
policy_authorities() {
  awk '/^-----BEGIN CERTIFICATE-----/ { inside = 1; text = ""; next }
    /^-----END CERTIFICATE-----/ { if (inside) print text; inside = 0; next }
    inside { gsub(/[^A-Za-z0-9+\/=]/, ""); text = text $0 }'
}

# The template on stdin, with what the answers say.
filled_in() {
  listed=$(printf '%s' "$door_ca" | base64 --decode 2>/dev/null | policy_authorities | sed 's/.*/"&"/' | paste -s -d , -)
  sed "s|\"@authorities@\"|$listed|; s|@door@|$door|g; s|@idle-seconds@|$((idle_minutes * 60))|; s|@language@|$language|"
}
kiosk_templates() { sed '/^#/d; /^$/d' "$kiosk_folder/templates"; }
templates_differ() {
  kiosk_templates | while read -r file to mode; do
    filled_in <"$kiosk_folder/$file" | same_file "$to" "$mode" || echo "$file"
  done
}

kiosk_look() {
  door=$(answer door) door_ca=$(answer door-ca) keyboard=$(answer keyboard) zone=$(answer time-zone)
  language=$(answer language) idle_minutes=$(answer kiosk-idle)
  language=${language:-en_US} idle_minutes=${idle_minutes:-10}
  screen=no there=no has_door=no
  ! screen_is_attached || screen=yes
  ! kiosk_is_there || there=yes
  [ -z "$door" ] || has_door=yes
  # Where this step is the only one.
  [ -n "${facts-}" ] || facts=$(hardware_facts)
  memory=$(fact memory-mib)
  kiosk_verdict=$(judge_kiosk "${kiosk:-auto}" "$screen" "$there" "$has_door")
  case $kiosk_verdict in
    'none '*) is_done "no login on its own screen: ${kiosk_verdict#none }"; return ;;
    'refuse '*) why=${kiosk_verdict#refuse }; refused "${why% | *}" "${why##* | }"; return ;;
    off) to_do 'its own screen shows the login, and is not to: that is removed'; return ;;
  esac
  if [ -n "$zone" ] && [ ! -f "/usr/share/zoneinfo/$zone" ]; then
    refused "this Debian has no time zone $zone" 'write one that "timedatectl list-timezones" has'
    return
  fi
  if [ -n "$door_ca" ] && [ -z "$(printf '%s' "$door_ca" | base64 --decode 2>/dev/null | policy_authorities)" ]; then
    refused 'door-ca of the answer file holds no certificate' 'it is a PEM file in base64: base64 -w0 room-ca.crt'
    return
  fi
  # shellcheck disable=SC2086
  kiosk_missing=$(not_installed $kiosk_packages)
  open_points=''
  [ -z "$kiosk_missing" ] || open_points=", packages:$kiosk_missing"
  id kiosk >/dev/null 2>&1 || open_points="$open_points, the user kiosk"
  [ -z "$(differing "$kiosk_folder")" ] || open_points="$open_points, files: $(differing "$kiosk_folder" | wc -l)"
  [ "$kiosk_verdict" = keep ] || [ -z "$(templates_differ)" ] || open_points="$open_points, what it shows and trusts"
  slice_text "$memory" | same_file "$kiosk_memory_file" 0644 || open_points="$open_points, its memory"
  reserve_text "$memory" | same_file "$kubelet_reserve" 0644 || open_points="$open_points, what the kubelet leaves it"
  [ -z "$keyboard" ] || keyboard_text "$keyboard" | same_file "$keyboard_file" 0644 || open_points="$open_points, keyboard"
  [ -z "$zone" ] || [ "$(readlink -f /etc/localtime)" = "$(readlink -f "/usr/share/zoneinfo/$zone")" ] || open_points="$open_points, time zone"
  [ "$(readlink /etc/systemd/system/ctrl-alt-del.target 2>/dev/null)" = /dev/null ] || open_points="$open_points, Ctrl-Alt-Del"
  for unit in seatd.service acpid.service "$kiosk_unit"; do
    is_enabled "$unit" || open_points="$open_points, $unit does not start"
  done
  is_off_for_this_boot || is_active "$kiosk_unit" || open_points="$open_points, it does not run"
  [ ! -e "$kiosk_mark" ] || open_points="$open_points, what was laid is not in use yet"
  shows="its own screen shows the login${door:+ at https://$door}"
  if [ -n "$open_points" ]; then to_do "$shows; not so yet: ${open_points#, }"; else is_done "$shows"; fi
}

kiosk_do() {
  mend='journalctl -u deskfleet-kiosk -b says why; without the screen: --kiosk no'
  if [ "$kiosk_verdict" = off ]; then take_kiosk_away; return; fi
  # shellcheck disable=SC2086
  [ -z "$kiosk_missing" ] || install_packages $kiosk_missing
  id kiosk >/dev/null 2>&1 || run useradd --system --user-group --home-dir /home/kiosk --no-create-home --shell /usr/sbin/nologin kiosk
  [ -z "$apply" ] || : >"$kiosk_mark"
  lay_all "$(differing "$kiosk_folder")"
  [ "$kiosk_verdict" = keep ] || while read -r file to mode; do
    [ -z "$file" ] || filled_in <"$kiosk_folder/$file" | put_other "$to" "$mode"
  done <<END
$(kiosk_templates)
END
  slice_text "$memory" | put_other "$kiosk_memory_file" 0644
  reserve_text "$memory" | put_other "$kubelet_reserve" 0644
  [ -z "$keyboard" ] || keyboard_text "$keyboard" | put_other "$keyboard_file" 0644
  [ -z "$zone" ] || run ln -sfn "/usr/share/zoneinfo/$zone" /etc/localtime
  run systemctl mask ctrl-alt-del.target
  run sysctl --quiet --load /etc/sysctl.d/61-deskfleet-kiosk.conf
  run systemctl daemon-reload
  for unit in seatd.service acpid.service "$kiosk_unit"; do run systemctl enable "$unit"; done
  run systemctl try-reload-or-restart systemd-logind.service
  ! is_active kubelet || run systemctl restart kubelet
  for unit in seatd.service acpid.service "$kiosk_unit"; do run systemctl restart "$unit"; done
  take_away "$kiosk_mark"
}

# Debian's packages and the user stay: somebody may use them.
take_kiosk_away() {
  run systemctl disable --now "$kiosk_unit"
  run systemctl unmask ctrl-alt-del.target
  # shellcheck disable=SC2046
  take_away $({ laid_files "$kiosk_folder" | cut -d ' ' -f 2; kiosk_templates | cut -d ' ' -f 2; } | grep -v "/$kiosk_unit\$") \
    "$kiosk_memory_file" "$kubelet_reserve" "$kiosk_mark"
  # The last that goes: as long as it is there, this was not finished.
  take_away "/etc/systemd/system/$kiosk_unit"
  run systemctl daemon-reload
  run systemctl try-reload-or-restart systemd-logind.service
  ! is_active kubelet || run systemctl restart kubelet
}
