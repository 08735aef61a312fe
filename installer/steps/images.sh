# shellcheck shell=sh
# Variables are those of install.sh, which reads this file.
# shellcheck disable=SC2034,SC2154
# Images that the bundle brings, for what runs before any registry is reached: the network of pods, kube-proxy, the pause container.

# Which of them containerd has, by their sums.
images_here=$(name_of path pc)/bundle/images

images_missing() {
  for archive in "$bundle"/images/*.tar; do
    [ -e "$archive" ] || continue
    grep -qxF "$(sum_in "$bundle/SHA256SUMS" "images/${archive##*/}")" "$images_here" 2>/dev/null || echo "$archive"
  done
}

images_look() {
  unbrought=''
  [ -z "$bundle" ] || unbrought=$(images_missing)
  if [ -n "$unbrought" ]; then to_do "archives of the bundle that are not in containerd yet: $(printf '%s\n' "$unbrought" | wc -l)"
  else is_done 'what the bundle brings is in containerd'; fi
}

images_do() {
  mend='systemctl status containerd; df -h /var/lib/containerd'
  for archive in $unbrought; do
    run_long ctr --namespace k8s.io images import --local --discard-unpacked-layers \
      --label io.cri-containerd.pinned=pinned "$archive"
    { cat "$images_here" 2>/dev/null || :; sum_in "$bundle/SHA256SUMS" "images/${archive##*/}"; } | put "$images_here" 0644
  done
}
