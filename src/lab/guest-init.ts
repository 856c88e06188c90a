/** Names and numbers that the guest's scripts and QEMU's arguments share. */
export const GuestContract = {
  hostRootTag: 'hostroot',
  modulesTag: 'modules',
  /** Numbers of the virtio-serial ports. */
  controlPort: 1,
  stdoutPort: 2,
  stderrPort: 3,
  /** Not QEMU's default network, which users' own topologies often use. */
  network: '192.168.76.0/24',
  address: '192.168.76.15',
  prefixLength: 24,
  hostName: 'ipvscope-lab',
  /** On a tmpfs of the guest. */
  directory: '/run/ipvscope-lab',
} as const;

const guest = GuestContract;

/** Modules for the host's files and the channels, in any order. */
export const GUEST_MODULES: readonly string[] = [
  'virtio_pci',
  'virtio_console',
  'virtio_net',
  '9pnet_virtio',
  '9p',
  'overlay',
];

/**
 * PID 1 of the initial RAM disk: mounts a temporary overlay on the host's files and switches its root
 * there. A step that fails ends PID 1; then the kernel panics and QEMU exits, with the cause on its
 * console.
 */
export const INITRAMFS_SCRIPT = `#!/bin/busybox sh
set -e
# The shell starts its applets through /proc/self/exe.
/bin/busybox mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
for module in /modules/*; do insmod "$module"; done

shared=trans=virtio,version=9p2000.L,msize=512000,cache=loose,ro
mount -t 9p -o $shared ${guest.hostRootTag} /host
mount -t tmpfs tmpfs /scratch
mkdir /scratch/upper /scratch/work
mount -t overlay -o lowerdir=/host,upperdir=/scratch/upper,workdir=/scratch/work overlay /newroot

modules=/newroot/lib/modules/$(uname -r)
mkdir -p "$modules"
mount -t 9p -o $shared ${guest.modulesTag} "$modules"

mount -t tmpfs -o mode=755 tmpfs /newroot/run
mkdir -p /newroot${guest.directory}
cp /bin/busybox /guest /newroot${guest.directory}/
# proc last, because of the applets.
for point in sys dev proc; do mount --move /$point /newroot/$point; done
exec /bin/busybox switch_root /newroot ${guest.directory}/busybox sh ${guest.directory}/guest
`;

/**
 * PID 1 after the switch of root. It writes `up RELEASE` to the control port and reads
 * `run MARKER SCRIPT`; the script writes `started`. After the command it kills all other processes
 * and drains the outputs; then it writes NUL and MARKER to each output port and `exit N` to the
 * control port. Meanwhile `signal NAME` is sent to the command's process group. When the control port
 * closes (the host's process has ended) the guest powers off.
 */
export const GUEST_SCRIPT = `set -e
lab=${guest.directory}
mkdir -p /dev/pts /dev/shm
mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t bpf bpf /sys/fs/bpf
mount -t debugfs debugfs /sys/kernel/debug
mount -t tracefs tracefs /sys/kernel/tracing
ln -s /proc/self/fd /dev/fd
ln -s fd/0 /dev/stdin
ln -s fd/1 /dev/stdout
ln -s fd/2 /dev/stderr
hostname ${guest.hostName}
ip link set lo up
if [ -e /sys/class/net/eth0 ]; then
  ip address add ${guest.address}/${guest.prefixLength} dev eth0
  ip link set eth0 up
fi

# The kernel creates the nodes asynchronously after the module is loaded.
port() {
  until [ -c /dev/vport*p$1 ]; do usleep 10000; done
  echo /dev/vport*p$1
}
control=$(port ${guest.controlPort})
stdout=$(port ${guest.stdoutPort})
stderr=$(port ${guest.stderrPort})
exec 3<>$control 4>$stdout 5>$stderr
# A write blocks until the host has opened the port; from then on an empty read means that it closed.
echo "up $(uname -r)" >&3
read -r verb marker script <&3 || poweroff -f
[ "$verb" = run ]
echo "$script" | base64 -d >$lab/command

listen() {
  while read -r verb name <&3; do
    if [ "$verb" = signal ] && read -r leader <$lab/leader; then kill -$name -$leader || :; fi
  done
  poweroff -f
}
listen &
listener=$!

mkfifo $lab/stdout $lab/stderr
cat <$lab/stdout >&4 &
copiers=$!
cat <$lab/stderr >&5 &
copiers="$copiers $!"

# In the foreground: a shell without job control starts background processes with SIGINT ignored.
status=0
setsid $lab/busybox sh $lab/command </dev/null >$lab/stdout 2>$lab/stderr 4>&- 5>&- || status=$?

# A remaining process would hold the FIFOs open. Kernel threads and zombies have no exe.
survivors=yes
while [ $survivors = yes ]; do
  survivors=no
  for entry in /proc/[0-9]*; do
    pid=\${entry#/proc/}
    case " 1 $listener $copiers " in *" $pid "*) continue ;; esac
    if [ -e $entry/exe ]; then
      kill -KILL $pid && survivors=yes
    fi 2>/dev/null
  done
done
wait $copiers || :

printf '\\0%s' "$marker" >&4
printf '\\0%s' "$marker" >&5
echo "exit $status" >&3
wait $listener
`;
