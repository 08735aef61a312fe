#!/bin/sh
# What a blank PC for tests lacks, by the name that this file is called by: it notes the call, and does the least that the next
# step looks for. None of these was the real program.
name=${0##*/}
# Power fails between what install.sh calls, and nowhere in here.
PATH=/usr/sbin:/usr/bin
note() { echo "$name $*" >>/var/log/calls; }

# By-uuid links and nodes of partitions, as udev makes them; of the disks of this PC alone.
make_nodes() {
  mkdir -p /dev/disk/by-uuid
  rm -f /dev/disk/by-uuid/*
  while read -r disk; do
    for entry in "/sys/block/$disk/$disk"p*; do
      [ -e "$entry/dev" ] || continue
      part=${entry##*/} number=$(cat "$entry/dev")
      # A number may be of another partition than before.
      rm -f "/dev/$part"
      mknod -m 0660 "/dev/$part" b "${number%:*}" "${number#*:}"
      uuid=$(/usr/sbin/blkid --probe --match-tag UUID --output value "/dev/$part" 2>/dev/null)
      [ -z "$uuid" ] || ln -sf "../../$part" "/dev/disk/by-uuid/$uuid"
    done
    for node in "/dev/$disk"p*; do [ -e "/sys/class/block/${node##*/}" ] || rm -f "$node"; done
  done </run/disks
}

units=/etc/systemd/system
setting() { sed -n "s/^$2=//p" "$units/$1"; }
start() {
  case $1 in
    *.mount)
      make_nodes
      where=$(setting "$1" Where)
      findmnt --mountpoint "$where" >/dev/null && return 0
      mkdir -p "$where" && mount -t "$(setting "$1" Type)" -o "$(setting "$1" Options)" "$(setting "$1" What)" "$where"
      ;;
    *) mkdir -p /run/units && : >"/run/units/$1" ;;
  esac
}

case $name in
  udevadm) make_nodes ;;
  systemctl)
    verb=$1 now='' quiet=''
    shift
    case $verb in is-*) ;; *) note "$verb $*" ;; esac
    for word; do
      case $word in --now) now=yes ;; --quiet) quiet=yes ;; -*) ;; *) unit=$word ;; esac
    done
    case ${unit-} in '' | *.*) ;; *) unit=$unit.service ;; esac
    case $verb in
      enable)
        case $unit in chrony*) ;; *) [ -e "$units/$unit" ] || { echo "no unit $unit" >&2; exit 1; } ;; esac
        mkdir -p "$units/multi-user.target.wants"
        ln -sf "$units/$unit" "$units/multi-user.target.wants/$unit"
        [ -z "$now" ] || start "$unit"
        ;;
      disable)
        rm -f "$units/multi-user.target.wants/$unit"
        [ -z "$now" ] || { case $unit in *.mount) umount "$(setting "$unit" Where)" ;; esac; rm -f "/run/units/$unit"; }
        ;;
      start | restart) start "$unit" ;;
      stop) rm -f "/run/units/$unit" ;;
      mask) ln -sf /dev/null "$units/$unit" ;;
      is-active) [ -e "/run/units/$unit" ] || { case $unit in *.mount) findmnt --mountpoint "$(setting "$unit" Where)" >/dev/null ;; *) false ;; esac; } ;;
      is-enabled) [ -L "$units/multi-user.target.wants/$unit" ] ;;
      *) : "$quiet" ;;
    esac
    ;;
  dpkg-query)
    shift 3
    for package; do
      case " $(cat /var/lib/packages 2>/dev/null) " in *" $package "*) echo "ii  $package 1.0-1" ;; esac
    done
    ;;
  apt-get)
    note "$*"
    case " $* " in *' install '*) set -- "$(printf '%s' "$*" | sed 's/.* install //')"; echo "$(cat /var/lib/packages 2>/dev/null) $1" >/var/lib/packages ;; esac
    ;;
  kubeadm)
    note "$*"
    case $1 in
      # What the room gives to who joins, as the test laid it out; what kubeadm is told is kept for the test.
      join)
        stat -c 'its configuration has mode %a' "$3" >>/var/log/calls
        cp "$3" /var/log/join.yaml
        if [ -e /etc/kubernetes/pki/ca.crt ]; then echo 'kubeadm: /etc/kubernetes/pki/ca.crt exists' >&2; exit 1; fi
        mkdir -p /etc/kubernetes/pki /var/lib/kubelet/pki
        cp /srv/given/ca.crt /etc/kubernetes/pki/ca.crt
        cp /srv/given/client.pem /var/lib/kubelet/pki/kubelet-client-current.pem
        cp /srv/given/kubelet.conf /etc/kubernetes/kubelet.conf
        : >/run/units/kubelet.service
        ;;
      reset) rm -rf /etc/kubernetes/* /var/lib/kubelet/* ;;
    esac
    ;;
  apt-mark) case $1 in showhold) cat /var/lib/held 2>/dev/null ;; *) note "$*"; echo "$2" >/var/lib/held ;; esac ;;
  *) note "$*" ;;
esac
