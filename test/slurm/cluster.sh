#!/bin/sh
# A Slurm of two nodes on this machine, without root, for tests: `cluster.sh FOLDER PORT [LINE…]` writes everything into
# FOLDER, starts the daemons as its own children, prints "ready" once both nodes are idle, and ends them with itself.
# Each LINE goes into slurm.conf. It takes orders from its standard input, a line each, and ends with it:
# "kill controller", "kill n1", "kill n2" (at once), "start controller".
set -eu
folder=$1 port=$2
shift 2
host=$(hostname -s)
me=$(id -un)
mkdir -p "$folder/state" "$folder/log" "$folder/spool.n1" "$folder/spool.n2" "$folder/munge"
chmod 755 "$folder" "$folder/munge"
(umask 077; head -c 1024 /dev/urandom > "$folder/munge/munge.key")
export SLURM_CONF="$folder/slurm.conf"
cat > "$SLURM_CONF" <<CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=$me
SlurmdUser=$me
AuthType=auth/munge
AuthInfo=socket=$folder/munge/munge.sock
CredType=cred/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool.%n
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.%n.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
SwitchType=switch/none
MpiDefault=none
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=0,sched_min_interval=0
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
ReturnToService=2
SlurmctldTimeout=30
SlurmdTimeout=10
InactiveLimit=0
KillWait=3
MinJobAge=300
BatchStartTimeout=10
MessageTimeout=10
JobRequeue=1
NodeName=n1 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 1)) CPUs=4 RealMemory=2000 State=UNKNOWN
NodeName=n2 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 2)) CPUs=4 RealMemory=2000 State=UNKNOWN
CONF
for line in "$@"; do echo "$line" >> "$SLURM_CONF"; done
printf 'CgroupAutomount=no\n' > "$folder/cgroup.conf"

children=
exec 3<&0
controller() {
  slurmctld -D -f "$SLURM_CONF" >/dev/null 2>&1 &
  echo $! > "$folder/controller"
}
stop() {
  trap - TERM INT EXIT
  # A step whose node daemon is gone would stay: first the jobs, then the nodes.
  scancel --user="$me" 2>/dev/null && scancel --user="$me" --state=PENDING 2>/dev/null || :
  for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    [ -z "$(squeue -h 2>/dev/null)" ] && break
    sleep 0.3
  done
  kill $children "$(cat "$folder/controller")" 2>/dev/null || :
  wait $children
  exit 0
}
trap stop TERM INT EXIT

munged -F --key-file="$folder/munge/munge.key" --socket="$folder/munge/munge.sock" --pid-file="$folder/munge/munged.pid" \
  --log-file="$folder/munge/munged.log" --seed-file="$folder/munge/munged.seed" --num-threads=2 >/dev/null 2>&1 &
children="$children $!"
until [ -S "$folder/munge/munge.sock" ]; do sleep 0.05; done
controller
until scontrol ping 2>/dev/null | grep -q UP; do sleep 0.05; done
for node in n1 n2; do
  slurmd -D -N "$node" -f "$SLURM_CONF" >/dev/null 2>&1 &
  echo $! > "$folder/$node"
  children="$children $!"
done
until [ "$(sinfo -h -o '%D %t' 2>/dev/null | head -1)" = "2 idle" ]; do sleep 0.05; done
echo ready
# Beside it, so that what the daemons leave behind is reaped all the time: this may be process 1.
{
  while read -r verb what; do
    case $verb in
      kill) kill -KILL "$(cat "$folder/$what")" ;;
      start) controller ;;
    esac
  done <&3
  kill -TERM $$
} &
while :; do sleep 0.2; done
