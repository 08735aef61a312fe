# shellcheck shell=sh
# Variables are those of install.sh, which reads this file.
# shellcheck disable=SC2034,SC2154
# The PC becomes a worker of the room. Whether it is one is asked of the room itself, by the certificate that the kubelet has.

kubernetes=/etc/kubernetes
kubelet_conf=$kubernetes/kubelet.conf
kubelet_client=/var/lib/kubelet/pki/kubelet-client-current.pem
# From before kubeadm begins until it is through: what was cut off is done anew.
joining=$(name_of path pc)/joining
saved_answers=/etc/deskfleet.yaml

# As kubeadm names a cluster: by the public key of its authority.
authority_hash() {
  openssl x509 -in "$1" -noout -pubkey 2>/dev/null | openssl pkey -pubin -outform DER 2>/dev/null | sha256sum | sed 's/ .*//; s/^/sha256:/'
}

# What the room says of this PC: ready, not-ready, gone (it has no Node), stranger (it does not know the certificate), silent.
ask_room() {
  [ -f "$kubelet_client" ] || { echo stranger; return; }
  server=$(sed -n 's/^ *server: *//p' "$kubelet_conf" 2>/dev/null | head -n 1)
  node=$(openssl x509 -in "$kubelet_client" -noout -subject -nameopt multiline 2>/dev/null | sed -n 's/^ *commonName *= *system:node://p')
  told=$(curl --silent --max-time 5 --write-out '\n%{http_code}' --cacert "$kubernetes/pki/ca.crt" \
    --cert "$kubelet_client" --key "$kubelet_client" "$server/api/v1/nodes/$node" 2>/dev/null) || { echo silent; return; }
  case $(printf '%s' "$told" | tail -n 1) in
    200)
      if printf '%s' "$told" | tr -d ' \n' | tr '{' '\n' | grep '"type":"Ready"' | grep -q '"status":"True"'; then echo ready
      else echo not-ready; fi
      ;;
    401) echo stranger ;;
    404) case $told in *'"reason":"NotFound"'* | *'"reason": "NotFound"'*) echo gone ;; *) echo silent ;; esac ;;
    *) echo silent ;;
  esac
}

# What is done about the join, out of what is known: judge_join TRACES MASTER CUT ROOM NODE
#   TRACES: yes where /etc/kubernetes holds something   MASTER: yes where it has a control plane   CUT: yes where a join began and did not end
#   ROOM: same, other, or unknown where there is nothing to compare it with   NODE: as ask_room
# One line: join | reset WHY | done | start | refuse WHY | MEND
judge_join() {
  case $1:$2:$3:$4:$5 in
    no:*) echo join ;;
    yes:yes:*:other:*) echo 'refuse this PC is a master of another room | take it out there first: npx deskfleet masters step-down, then install.sh leave' ;;
    yes:yes:*:ready) echo 'done' ;;
    yes:yes:*) echo 'refuse this PC is a master, or was one, and its room does not say that it is well | it becomes a worker by itself where its room replaced it: see npx deskfleet masters status, and journalctl -u deskfleet-crown' ;;
    yes:no:yes:*) echo 'reset a join was cut off' ;;
    yes:no:no:other:ready) echo 'refuse this PC is a node of another room, and at work there | take it out there first: install.sh leave' ;;
    yes:no:no:other:*) echo 'reset it was a node of another room' ;;
    yes:no:no:*:ready) echo 'done' ;;
    yes:no:no:*:not-ready) echo start ;;
    yes:no:no:*:gone) echo 'reset the room has no Node of it any more' ;;
    yes:no:no:*:stranger) echo 'reset the room does not know its certificate' ;;
    *) echo 'refuse the room does not answer, so nobody knows whether this PC is a node of it | see whether the network is well and a master is on, then run this again' ;;
  esac
}

# Sets what judge_join asks for.
facts_of_join() {
  traces=no master=no cut=no room=unknown
  if [ -e "$kubelet_conf" ] || [ -e "$kubernetes/bootstrap-kubelet.conf" ] || [ -e "$kubernetes/pki/ca.crt" ]; then traces=yes; fi
  [ ! -e "$joining" ] || traces=yes cut=yes
  for part in kube-apiserver etcd; do
    [ ! -e "$kubernetes/manifests/$part.yaml" ] || traces=yes master=yes
  done
  wanted_room=$(answer ca-cert-hash)
  if [ -n "$wanted_room" ] && [ -f "$kubernetes/pki/ca.crt" ] && has_program openssl; then
    if [ "$(authority_hash "$kubernetes/pki/ca.crt")" = "$wanted_room" ]; then room=same; else room=other; fi
  fi
  node_is=gone
  [ "$traces" = no ] || node_is=$(ask_room)
}

missing_answers() { for key in endpoint ca-cert-hash token; do [ -n "$(answer "$key")" ] || printf ' %s' "$key"; done; }

join_look() {
  facts_of_join
  verdict=$(judge_join "$traces" "$master" "$cut" "$room" "$node_is")
  case $verdict in
    'done')
      if [ -f "$answers" ] && [ "$(readlink -f "$answers")" = "$saved_answers" ] && [ -n "$(answer token)" ]; then
        to_do 'it is a node of the room; the token is still in the answer file'
      else is_done "it is a node of the room, and Ready"; fi
      ;;
    start) to_do 'the room knows it, and it is not Ready: its kubelet is started anew' ;;
    'refuse '*) why=${verdict#refuse }; refused "${why% | *}" "${why##* | }" ;;
    *)
      lacks=$(missing_answers)
      if [ -n "$lacks" ]; then
        refused "nothing says how to join:$lacks" "make an answer file by \"npx deskfleet node-config FILE\" where kubectl works, bring it here, and name it by --answers"
      elif [ "$verdict" = join ]; then to_do "it joins the room at $(answer endpoint) as $pc_name"
      else to_do "${verdict#reset }: what it has of that is removed, then it joins the room at $(answer endpoint) as $pc_name"; fi
      ;;
  esac
}

join_text() {
  cat <<END
apiVersion: kubeadm.k8s.io/v1beta4
kind: JoinConfiguration
discovery:
  bootstrapToken:
    apiServerEndpoint: "$(answer endpoint)"
    token: "$(answer token)"
    caCertHashes: ["$(answer ca-cert-hash)"]
nodeRegistration:
  name: "$pc_name"
  criSocket: unix:///run/containerd/containerd.sock
  ignorePreflightErrors: [$(answer ignore-preflight | sed 's/,/, /g')]
patches:
  directory: /etc/deskfleet/kubeadm
END
}

# What a later repair needs: without the token, which lets in for a day, and with the name that it has.
kept_answers() {
  echo "name: $pc_name"
  case $brick in none | mounted) echo "brick: $brick" ;; esac
  [ -z "$kiosk" ] || echo "kiosk: $kiosk"
  sed '/^name:/d; /^token:/d; /^brick:/d; /^confirm:/d; /^bundle:/d; /^kiosk:/d' "$answers"
}

is_ready() { [ "$(ask_room)" = ready ]; }
is_not_ready() { [ "$(ask_room)" != ready ]; }

join_do() {
  mend='kubeadm or journalctl -u kubelet -e says why; then run this again: it goes on'
  case $verdict in
    start) run systemctl restart kubelet ;;
    'reset '* | join)
      mark "$joining"
      # What it began of a room of its own is over.
      unmark "$founding" "$platform_mark"
      [ "$verdict" = join ] || forget_room
      # The kubelet complains each second of one that is not there.
      run mkdir -p "$kubernetes/manifests"
      join_text | put "$run_folder/join.yaml" 0600 secret
      run_long kubeadm join --config "$run_folder/join.yaml"
      take_away "$run_folder/join.yaml" "$joining"
      ;;
  esac
  wait_until 180 'it is Ready' is_ready || fail 'it has joined, and is not Ready' 'kubectl describe node says what is missing; journalctl -u kubelet -e'
  [ -z "$has_answers" ] || kept_answers | put "$saved_answers" 0600 secret
}

# Everything of Kubernetes on this PC; the brick, images and what pods keep below /var/lib/deskfleet stay.
forget_room() {
  has_program kubeadm || return 0
  run systemctl stop kubelet
  # kubeadm does not let a PC in whose Node the room still takes for Ready.
  [ "$node_is" != ready ] || wait_until 90 'the room takes it for off' is_not_ready || :
  run_long kubeadm reset --force --cri-socket unix:///run/containerd/containerd.sock
  # kubeadm leaves the way of pods, which the next room lays anew. The folder stays: containerd ends when it goes.
  [ ! -d /etc/cni/net.d ] || run find /etc/cni/net.d -mindepth 1 -delete
  take_away "$kubernetes" /var/lib/kubelet/pki
}
