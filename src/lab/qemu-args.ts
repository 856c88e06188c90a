import { join } from 'node:path';
import { GuestContract } from './guest-init.js';
import type { LabKernel } from './lab-kernel.js';
import type { Accelerator, PublishedPort } from './lab-options.js';

/** What one boot needs to know. */
export interface QemuPlan {
  readonly accelerator: Accelerator;
  readonly kernel: LabKernel;
  readonly initramfs: string;
  readonly cpus: number;
  readonly memoryMiB: number;
  readonly publish: readonly PublishedPort[];
  /** Added to the kernel's command line. */
  readonly kernelArguments?: string;
}

/** The file descriptors on which QEMU inherits the far ends of the channels. */
export const ChannelFd = { control: 3, stdout: 4, stderr: 5 } as const;

const guest = GuestContract;

/**
 * A kernel that oopsed has no results to trust, so it panics; a panic reboots at once, and
 * `-no-reboot` makes that the end of QEMU.
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
 * Beside those it has, processors that could be plugged in: the kernel gives a kretprobe as many
 * instances as there could be processors, and with two of them a packet that is interrupted while
 * another CPU is at work finds none left. Nodes have more.
 */
const MOST_PROCESSORS = 8;

const processors = ({ accelerator, cpus }: QemuPlan): string =>
  accelerator === 'instructions' ? `${cpus}` : `${cpus},maxcpus=${Math.max(cpus, MOST_PROCESSORS)}`;

/** QEMU's arguments; the serial console is its standard output. */
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
  // Five page table levels only cost time: nobody needs the addresses, and each is emulated.
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

/** Without published ports the guest has no network; with them it still reaches nothing outside. */
function network(publish: readonly PublishedPort[]): string {
  if (publish.length === 0) {
    return 'none';
  }
  const forwards = publish.map(
    ({ hostPort, guestPort }) => `,hostfwd=tcp:127.0.0.1:${hostPort}-${guest.address}:${guestPort}`,
  );
  return `user,model=virtio-net-pci,net=${guest.network},restrict=on${forwards.join('')}`;
}
