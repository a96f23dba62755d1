#!/bin/bash
# A Ceph object gateway from Debian's packages: a monitor, one store in memory and the gateway, all on
# loopback and below one folder.
# Usage: radosgw.sh FOLDER PORT [gateway], `gateway`: only that again. Pids are in FOLDER/run/*.pid.
set -u
root=$1 port=$2
conf="-c $root/ceph.conf"

gateway() {
  radosgw $conf -n client.rgw -f >"$root/run/rgw.out" 2>&1 &
  echo $! >"$root/run/rgw.pid"
  for _ in $(seq 300); do curl -s -o /dev/null "http://127.0.0.1:$port/" && return 0; sleep 0.2; done
  return 1
}
# Repeats a command until it succeeds: on a busy machine the daemons take their time.
insist() { for _ in $(seq 60); do timeout 60 "$@" >"$root/run/last.out" 2>&1 && return 0; sleep 0.5; done; return 1; }

if [ "${3:-}" = gateway ]; then gateway; exit; fi
mkdir -p "$root"/{mon,osd,run,rgw}
fsid=$(cat /proc/sys/kernel/random/uuid)
cat >"$root/ceph.conf" <<X
[global]
fsid = $fsid
mon host = v1:127.0.0.1:$((port + 1))
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
auth allow insecure global id reclaim = true
osd pool default size = 1
osd pool default min size = 1
mon allow pool size one = true
osd pool default pg num = 2
osd pool default pgp num = 2
mon max pg per osd = 1000
osd crush chooseleaf type = 0
run dir = $root/run
admin socket = $root/run/\$name.asok
log file = $root/run/\$name.log
osd objectstore = memstore
memstore device bytes = 1073741824
osd data = $root/osd
mon data = $root/mon
ms bind msgr2 = false
ms bind port min = $((port + 10))
ms bind port max = $((port + 60))
mon osd min in ratio = 0
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:$port
rgw data = $root/rgw
X
monmaptool --create --fsid "$fsid" --addv a "v1:127.0.0.1:$((port + 1))" "$root/monmap" >/dev/null || exit 1
ceph-mon $conf --mkfs -i a --monmap "$root/monmap" || exit 1
ceph-mon $conf -i a -f >"$root/run/mon.out" 2>&1 &
echo $! >"$root/run/mon.pid"
insist ceph $conf -s || exit 2
osd=$(cat /proc/sys/kernel/random/uuid)
insist ceph $conf osd new "$osd" || exit 3
ceph-osd $conf -i 0 --mkfs --osd-uuid "$osd" 2>"$root/run/mkfs.out" || exit 4
# One that asks the monitor before it knows it ends at once ("wrong fsid").
for _ in $(seq 10); do
  ceph-osd $conf -i 0 -f >>"$root/run/osd.out" 2>&1 &
  echo $! >"$root/run/osd.pid"
  while kill -0 $! 2>/dev/null; do
    timeout 60 ceph $conf osd stat 2>/dev/null | grep -q '1 up' && break 2
    sleep 0.5
  done
done
insist radosgw-admin $conf user create --uid=t --display-name=t --access-key=AKIATEST --secret-key=secretsecret || exit 6
gateway || exit 7
