import { join } from 'node:path';
import { GuestContract } from './guest-init.js';
import type { LabKernel } from './lab-kernel.js';
import type { Accelerator, PublishedPort } from './lab-options.js';

/** The parameters of one boot. */
export interface QemuPlan {
  readonly accelerator: Accelerator;
  readonly kernel: LabKernel;
  readonly initramfs: string;
  readonly cpus: number;
  readonly memoryMiB: number;
  readonly publish: readonly PublishedPort[];
  /** Appended to the kernel's command line. */
  readonly kernelArguments?: string;
}

/** The file descriptors on which QEMU inherits its ends of the channels. */
export const ChannelFd = { control: 3, stdout: 4, stderr: 5 } as const;

const guest = GuestContract;

/**
 * Results after an oops cannot be trusted, so an oops is a panic; a panic reboots immediately, and
 * with `-no-reboot` QEMU exits.
 */
const KERNEL_COMMAND_LINE = [
  'console=ttyS0',
  'loglevel=5',
  'oops=panic',
  'panic=-1',
  'mitigations=off',
  'nowatchdog',
  'random.trust_cpu=on',
  'net.ifnames=0',
].join(' ');

/**
 * Possible processors, including those that could be plugged in: the kernel allocates one kretprobe
 * instance per possible processor. With two instances, a packet interrupted while another CPU works
 * would find none left; real nodes have more.
 */
const POSSIBLE_PROCESSORS = 8;

const processors = ({ accelerator, cpus }: QemuPlan): string =>
  accelerator === 'instructions'
    ? `${cpus}`
    : `${cpus},maxcpus=${Math.max(cpus, POSSIBLE_PROCESSORS)}`;

/** Returns QEMU's arguments; the serial console is its standard output. */
export function qemuArgs(plan: QemuPlan): readonly string[] {
  const { kernel } = plan;
  return [
    ...['-nodefaults', '-no-user-config', '-no-reboot'],
    ...['-display', 'none', '-serial', 'stdio'],
    ...accelerate(plan.accelerator),
    ...['-smp', processors(plan), '-m', String(plan.memoryMiB)],
    ...['-kernel', join(kernel.directory, 'vmlinuz'), '-initrd', plan.initramfs],
    ...['-append', `${KERNEL_COMMAND_LINE} ${plan.kernelArguments ?? ''}`.trim()],
    ...shareDirectory(guest.hostRootTag, '/'),
    ...shareDirectory(guest.modulesTag, join(kernel.directory, 'modules')),
    ...['-device', 'virtio-serial-pci'],
    ...channel('control', ChannelFd.control, guest.controlPort),
    ...channel('stdout', ChannelFd.stdout, guest.stdoutPort),
    ...channel('stderr', ChannelFd.stderr, guest.stderrPort),
    ...['-nic', network(plan.publish)],
  ];
}

function accelerate(accelerator: Accelerator): readonly string[] {
  if (accelerator === 'kvm') {
    return ['-accel', 'kvm', '-cpu', 'host'];
  }
  // Emulating five page table levels is slower, and the address space is not needed.
  const cpu = ['-cpu', 'max,la57=off'];
  if (accelerator === 'instructions') {
    return ['-accel', 'tcg,thread=single', '-icount', 'shift=0,sleep=off', ...cpu];
  }
  return ['-accel', 'tcg,thread=multi', ...cpu];
}

/** `multidevs=remap` keeps inode numbers apart where the directory spans file systems. */
function shareDirectory(tag: string, path: string): readonly string[] {
  const share = `local,mount_tag=${tag},security_model=none,readonly=on,multidevs=remap`;
  return ['-virtfs', `${share},path=${path.replaceAll(',', ',,')}`];
}

function channel(name: string, fd: number, port: number): readonly string[] {
  return [
    ...['-chardev', `socket,id=${name},fd=${fd}`],
    ...['-device', `virtserialport,chardev=${name},name=${name},nr=${port}`],
  ];
}

/** Without published ports the guest has no network; with them it cannot reach other machines. */
function network(publish: readonly PublishedPort[]): string {
  if (publish.length === 0) {
    return 'none';
  }
  const forwards = publish.map(
    ({ hostPort, guestPort }) => `,hostfwd=tcp:127.0.0.1:${hostPort}-${guest.address}:${guestPort}`,
  );
  return `user,model=virtio-net-pci,net=${guest.network},restrict=on${forwards.join('')}`;
}
